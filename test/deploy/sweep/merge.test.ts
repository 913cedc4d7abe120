import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeSweep } from '../../../deploy/sweep/merge.ts';
import { readSweepFile, writeSweepFile } from '../../../deploy/sweep/sweep-file.ts';
import { madeUpPlan } from '../../support/made-up-sweep.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const told = {
  command: 'npx lockstep sweep',
  startedAt: '2026-01-01T00:00:00Z',
  budget: 'epochs=3',
  sharpness: true,
};
const sweepOf = (sizes: readonly number[], seeds: readonly number[], settings = {}) => ({
  trials: sizes.flatMap((batchSize) => seeds.map((seed) => madeUpPlan({ batchSize, seed, ...settings }))),
  unit: 50,
  control: null,
  referenceBatchSize: Math.min(...sizes),
});

test('a sweep that is asked for more keeps what it has, and adds the rest', () => {
  const old = mergeSweep(null, sweepOf([100], [1, 2]), told, 'd');
  old.trials[1]!.state = 'finished';
  const merged = mergeSweep(old, sweepOf([100, 200], [1, 2, 3]), { ...told, startedAt: 'later' }, 'd');
  assert.equal(merged.startedAt, told.startedAt);
  assert.deepEqual(merged.trials.slice(0, 2), old.trials);
  assert.equal(merged.trials.length, 6);
  assert.equal(new Set(merged.trials.map(({ trial }) => trial)).size, 6);
  assert.deepEqual(
    merged.plans.map(({ name }) => name),
    merged.trials.map(({ trial }) => trial),
  );
});

test('other settings under the same name are refused, and told', () => {
  const old = mergeSweep(null, sweepOf([100], [1]), told, 'd');
  assert.throws(() => mergeSweep(old, sweepOf([100], [1], { epochs: 9 }), told, 'd'), {
    exitCode: 64,
    message: /batch-100-seed-1 with other settings \(epochs 36, now 9\)/,
  });
});

test('sweep.json reads back as it was written', () => {
  const folder = temporaryFolder();
  const sweep = mergeSweep(null, sweepOf([100, 200], [1]), told, folder);
  writeSweepFile(folder, sweep);
  assert.deepEqual(readSweepFile(folder), sweep);
});

test('a sweep.json whose trials would lie outside its folder is refused, whoever wrote it', () => {
  const folder = temporaryFolder();
  const sweep = mergeSweep(null, sweepOf([100], [1]), told, folder);
  for (const name of ['../x', 'a/b', '..', '/etc/x', '.x', '', 'a\0b']) {
    writeSweepFile(folder, { ...sweep, plans: [{ ...sweep.plans[0]!, name }] });
    assert.throws(() => readSweepFile(folder), { exitCode: 65, message: /damaged/ }, JSON.stringify(name));
  }
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openingLines } from '../../../deploy/sweep/opening.ts';
import { readRequest } from '../../../deploy/sweep/request.ts';
import { readSweepFile, writeSweepFile } from '../../../deploy/sweep/sweep-file.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const context = { environment: {}, words: ['sweep'], now: '2026-03-04T05:06:07.000Z' };
const request = (given: Record<string, unknown>) => readRequest({ control: true, ...given }, context);

test('what cannot be is refused, and the flag is named', () => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ batchSize: '101,1000' }, /101, 1000 have no common divisor/],
    [{ budget: 'epochs=2', epochs: '3' }, /--budget and --epochs say both how long/],
    [{ batchSize: '100,abc' }, /--batch-size got "abc", expected a positive integer/],
    [{ repeats: '0' }, /--repeats got "0"/],
    [{ trials: 'list.yaml', batchSize: '100,200' }, /--trials lists every trial, and --batch-size/],
    [{ resume: 'x', batchSize: '100' }, /--batch-size is for a new sweep/],
  ];
  for (const [given, message] of cases) assert.throws(() => request(given), { exitCode: 64, message });
});

test('a new sweep gets a folder by moment and preset', () => {
  assert.match(request({ batchSize: '100,200' }).dir, /sweeps\/2026-03-04T05-06-07-digits$/);
});

test('a folder of something else is refused', () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'thesis.tex'), '');
  assert.throws(() => request({ batchSize: '100', runDir: dir }), { exitCode: 64, message: /is not empty/ });
  assert.throws(() => request({ resume: dir }), { exitCode: 65, message: /no sweep\.json/ });
});

test('a folder of a sweep takes more seeds, and goes on without flags', () => {
  const runDir = temporaryFolder();
  const first = request({ batchSize: '100,200', runDir, budget: 'updates=9' });
  writeSweepFile(runDir, first.sweep);
  const more = request({ batchSize: '100,200', runDir, budget: 'updates=9', repeats: '2' });
  assert.deepEqual([first.isNew, more.isNew], [true, false]);
  assert.deepEqual([first.sweep.trials.length, more.sweep.trials.length], [3, 6]);
  const { sweep, budget } = request({ resume: runDir });
  assert.deepEqual(sweep, readSweepFile(runDir));
  assert.deepEqual(budget, { kind: 'updates', count: 9 });
});

test('too few epochs to compare sizes at equal updates are said before the sweep begins', () => {
  const updatesLine = (given: Record<string, unknown>) =>
    openingLines(request({ batchSize: '100,1000', ...given })).find((line) => line.startsWith('updates'));
  const said = updatesLine({ epochs: '9' }) ?? '';
  assert.match(said, /in 9 epochs batch 1,000 makes fewer updates than batch 100 .*from --epochs 10 on/);
  assert.match(updatesLine({ epochs: '19', evaluateEvery: '2' }) ?? '', /from --epochs 20 on/);
  for (const enough of [{ epochs: '10' }, { steps: '50' }, { budget: 'updates=9' }, { budget: 'seconds=9' }])
    assert.equal(updatesLine(enough), undefined);
});

test('sharpness is measured unless somebody says no, then and later', () => {
  const runDir = temporaryFolder();
  const first = request({ batchSize: '100,200', runDir });
  assert.equal(first.sweep.sharpness, true);
  writeSweepFile(runDir, { ...first.sweep, sharpness: false });
  assert.equal(request({ resume: runDir }).sweep.sharpness, false);
  assert.equal(request({ resume: runDir, sharpness: true }).sweep.sharpness, true);
  assert.equal(request({ batchSize: '100,200', runDir, sharpness: false }).sweep.sharpness, false);
});

test('a list of trials is read from a file, and what is no setting is refused with its place', () => {
  const path = join(temporaryFolder(), 'trials.yaml');
  writeFileSync(path, '- batchSize: 100\n- { batchSize: 400, learningRate: 2e-3, components: none }\n');
  const { sweep } = request({ trials: path, control: false });
  assert.deepEqual(
    sweep.plans.map(({ config }) => [config.batchSize, config.learningRate, config.components]),
    [
      [100, 0.001, 100],
      [400, 0.002, null],
    ],
  );
  writeFileSync(path, '- batchSise: 100\n');
  assert.throws(() => request({ trials: path }), {
    exitCode: 78,
    message: /trial 1.*did you mean batchSize/,
  });
});

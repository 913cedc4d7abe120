import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateTrials, type Ground } from '../../../deploy/sweep/estimate.ts';
import { estimateLines } from '../../../deploy/sweep/opening.ts';
import { newRecord } from '../../../deploy/sweep/sweep-file.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { madeUpPlan } from '../../support/made-up-sweep.ts';

const ground: Ground = {
  image: { height: 32, width: 32, channels: 3 },
  trainingRows: 7200,
  evaluationRows: 2800,
  workers: 2,
  cores: 2,
};

function sweepOf(...settings: Partial<Config>[]) {
  const plans = settings.map((each) => madeUpPlan(each));
  return {
    version: 1 as const,
    command: '',
    startedAt: '',
    unit: 50,
    referenceBatchSize: 100,
    budget: '',
    sharpness: false,
    plans,
    trials: plans.map(newRecord),
  };
}

test('updates and epochs are those that the settings come to', () => {
  const [epochs, steps] = estimateTrials(sweepOf({ batchSize: 1000 }, { epochs: null, steps: 72 }), ground);
  assert.deepEqual([epochs!.updates, epochs!.epochs], [260, 260_000 / 7200]);
  assert.deepEqual([steps!.updates, steps!.epochs], [72, 2]);
});

test('sharpness costs some forty passes over its rows in one process, and the total says so', () => {
  const sweep = sweepOf({ batchSize: 1000 });
  const [without] = estimateTrials(sweep, ground);
  const [with_] = estimateTrials({ ...sweep, sharpness: true }, ground);
  const expected = 8 + (40 * 1000 * ground.workers) / with_!.samplesPerSecond!;
  assert.ok(Math.abs(with_!.sharpnessSeconds - expected) < 1e-6);
  assert.equal(with_!.seconds, without!.seconds! + with_!.sharpnessSeconds);
  assert.match(estimateLines([with_!]).at(-1)!, /of it for sharpness/);
  assert.doesNotMatch(estimateLines([without!]).at(-1)!, /sharpness/);
});

test('what a trial came to corrects the others', () => {
  const sweep = sweepOf({ batchSize: 100 }, { batchSize: 200 });
  const [, before] = estimateTrials(sweep, ground);
  Object.assign(sweep.trials[0]!, { state: 'finished', samplesPerSecond: 10 });
  const [done, after] = estimateTrials(sweep, ground);
  assert.equal(done!.samplesPerSecond, 10);
  assert.ok(done!.isDone);
  assert.ok(after!.samplesPerSecond! < before!.samplesPerSecond! / 100);
  assert.ok(after!.samplesPerSecond! > 10); // a larger batch pays for fewer exchanges
});

test('nothing is said of a GPU that was never tried, nor of when losses converge', () => {
  const [gpu] = estimateTrials(sweepOf({}), { ...ground, cores: null });
  assert.deepEqual([gpu!.seconds, gpu!.samplesPerSecond, gpu!.updates], [null, null, 1296]);
  const converged = estimateTrials(sweepOf({ stopOn: 'heldOut', epochs: 1_000_000 }), ground);
  assert.equal(converged[0]!.seconds, null);
  assert.match(estimateLines(converged).at(-1)!, /known once a trial has run/);
});

test('nothing is said of a model of one’s own before it was tried', () => {
  const [own] = estimateTrials(sweepOf({ model: '/somewhere/model.js' }), ground);
  assert.deepEqual([own!.samplesPerSecond, own!.seconds, own!.updates], [null, null, 1296]);
});

test('a time limit bounds a trial by its rate', () => {
  const [limited] = estimateTrials(sweepOf({ epochs: 1_000_000, maxSeconds: 10 }), ground);
  const { samplesPerSecond, updates } = limited!;
  assert.equal(updates, Math.ceil((10 * samplesPerSecond!) / 200));
});

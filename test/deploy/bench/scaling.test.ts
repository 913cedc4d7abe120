import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaling } from '../../../deploy/bench/scaling.ts';
import { benchContext, positiveFigure } from '../../support/bench.ts';

// Runs inherit this: pixels need no principal components, and a narrow model is quick.
Object.assign(process.env, { LOCKSTEP_COMPONENTS: 'none', LOCKSTEP_WIDTH: '16' });

const given = {
  workers: [1, 2],
  batchSize: [20],
  preset: 'digits',
  runtime: 'wasm',
  threads: 1,
  syntheticRows: 300,
  steps: 2,
} as const;

test('runs of one and two workers have a rate, an efficiency and phases', async (context) => {
  const table = await scaling.run(benchContext(context), { ...given, workers: [1, 2], batchSize: [20] });
  const one = positiveFigure(table, 'batch 20, 1 worker').values[0]!;
  const two = positiveFigure(table, 'batch 20, 2 workers').values[0]!;
  assert.equal(positiveFigure(table, 'efficiency').values[0], two / (2 * one));
});

test('a run of one step has nothing to count', async (context) => {
  const short = { ...given, workers: [1], batchSize: [20], steps: 1 };
  await assert.rejects(scaling.run(benchContext(context), short), /--steps got 1, expected at least 2/);
});

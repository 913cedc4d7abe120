import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaling } from '../../../deploy/bench/scaling.ts';
import { requiresBoxes } from '../../support/requires.ts';
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
  microBatchSize: undefined,
  linkRate: undefined,
  width: undefined,
  plan: false,
} as const;

test('runs of one and two workers have a rate, an efficiency and phases', async () => {
  const table = await scaling.run(benchContext(), { ...given, workers: [1, 2], batchSize: [20] });
  const one = positiveFigure(table, 'batch 20, 1 worker').values[0]!;
  const two = positiveFigure(table, 'batch 20, 2 workers').values[0]!;
  assert.equal(positiveFigure(table, 'efficiency').values[0], two / (2 * one));
});

test('a run of one step has nothing to count', async () => {
  const short = { ...given, workers: [1], batchSize: [20], steps: 1 };
  await assert.rejects(scaling.run(benchContext(), short), /--steps got 1, expected at least 2/);
});

test('a run across a slow link takes what its bytes take, and stands beside its plan', async (context) => {
  if (!requiresBoxes(context)) return;
  const slow = { ...given, workers: [1], batchSize: [20], linkRate: ['10mbit'], plan: true };
  const table = await scaling.run(benchContext(), slow);
  const rate = positiveFigure(table, '10mbit, batch 20, 1 worker').values[0]!;
  const megabits = 3072 * 16 * 2 * 32e-6; // at the least: first and last layer of the model, one way
  assert.ok(20 / rate > megabits / 10, `${rate} samples/s over the link`);
  assert.equal(positiveFigure(table, 'plan').values.length, 1);
});

test('a rate that is none is refused before anything is run', async () => {
  const wrong = { ...given, workers: [1], batchSize: [20], linkRate: ['fast'] };
  await assert.rejects(scaling.run(benchContext(), wrong), /--link-rate got "fast", expected a rate/);
});

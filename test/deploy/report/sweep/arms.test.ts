import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupTrials } from '../../../../deploy/report/sweep/arms.ts';
import type { LearningRateRule } from '../../../../deploy/sweep/rules.ts';
import type { Config } from '../../../../shared/runtime/config.ts';
import { madeUpPlan, madeUpTrial } from '../../../support/made-up-sweep.ts';

const trial = (settings: Partial<Config>, rule: LearningRateRule = 'none', isControl = false) =>
  madeUpTrial({ plan: madeUpPlan(settings, { rule, isControl }), epochs: 1, loss: () => 1 });

test('seeds make an arm, batch sizes a family, ascending', () => {
  const trials = [1, 2].flatMap((seed) => [400, 100].map((batchSize) => trial({ batchSize, seed })));
  const { families, control } = groupTrials(trials, 100);
  assert.equal(control, null);
  assert.deepEqual(
    families.map(({ name, arms }) => [name, arms.map((arm) => [arm.name, arm.trials.length])]),
    [['', [['100', 2], ['400', 2]]]], // prettier-ignore
  );
});

test('a rule of the learning rate is a family, which begins at the batch where all rules agree', () => {
  const trials = [
    trial({ batchSize: 100 }),
    trial({ batchSize: 400 }),
    trial({ batchSize: 400, learningRate: 0.002 }, 'sqrt'),
  ];
  const { families } = groupTrials(trials, 100);
  assert.deepEqual(
    families.map(({ rule, arms }) => [rule, arms.map((arm) => arm.batchSize)]),
    [
      ['none', [100, 400]],
      ['sqrt', [100, 400]],
    ],
  );
});

test('another field that varies splits families, and names them', () => {
  const trials = [64, 128].flatMap((width) => [100, 400].map((batchSize) => trial({ batchSize, width })));
  assert.deepEqual(
    groupTrials(trials, 100).families.map(({ name }) => name),
    ['width 64', 'width 128'],
  );
});

test('the control stands beside the arm that differs in its micro-batch alone', () => {
  const trials = [
    trial({ batchSize: 100 }),
    trial({ batchSize: 400 }),
    trial({ batchSize: 400, microBatchSize: 200 }, 'none', true),
  ];
  const { control, families } = groupTrials(trials, 100);
  assert.equal(control?.usual.batchSize, 400);
  assert.equal(control?.usual.microBatchSize, 50);
  assert.equal(control?.other.microBatchSize, 200);
  assert.equal(families.flatMap(({ arms }) => arms).length, 2);
});

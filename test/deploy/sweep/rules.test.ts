import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRules, scaledLearningRate } from '../../../deploy/sweep/rules.ts';

test('all rules agree at the reference batch', () => {
  for (const rule of ['none', 'sqrt', 'linear'] as const) {
    assert.equal(scaledLearningRate(rule, 3e-4, 1000, 1000), 3e-4);
  }
});

test('four times the batch is the same, twice and four times the rate', () => {
  const rates = parseRules('none,sqrt,linear').map((rule) => scaledLearningRate(rule, 1e-4, 4000, 1000));
  assert.deepEqual(rates, [1e-4, 2e-4, 4e-4]);
});

test('an unknown rule is refused with the one that was meant', () => {
  assert.throws(() => parseRules('none,sqr'), { exitCode: 64, message: /"sqr".*did you mean sqrt/ });
});

/** Schedules: pure functions of the step with the right ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { klWeightAt, learningRateAt, type LearningRateSettings } from '../../shared/math/schedule.ts';

const base: LearningRateSettings = {
  learningRate: 0.5,
  learningRateSchedule: 'constant',
  warmUpSteps: 4,
  horizonSteps: 12,
};
const decays = fc.constantFrom('cosine' as const, 'linear' as const);

test('warm-up rises linearly and reaches the full rate at its last step', () => {
  const rates = [0, 1, 2, 3, 4, 400].map((step) => learningRateAt(base, step));
  assert.deepEqual(rates, [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]);
  assert.equal(learningRateAt({ ...base, warmUpSteps: 0 }, 0), 0.5);
});

test('decays start at the full rate, are half way down in the middle, and end at 0 for good', () => {
  for (const learningRateSchedule of ['cosine', 'linear'] as const) {
    const settings = { ...base, learningRateSchedule };
    assert.deepEqual(
      [4, 8, 12, 1000].map((step) => learningRateAt(settings, step)),
      [0.5, 0.25, 0, 0],
    );
  }
});

test('a decay never rises after warm-up, and every rate is a float32 that is not negative', () => {
  fc.assert(
    fc.property(
      decays,
      fc.nat(30),
      fc.integer({ min: 1, max: 300 }),
      (learningRateSchedule, warmUpSteps, horizonSteps) => {
        const settings = { learningRate: 1e-4, learningRateSchedule, warmUpSteps, horizonSteps };
        const rates = Array.from({ length: horizonSteps }, (_, step) => learningRateAt(settings, step));
        assert.ok(rates.every((rate) => rate >= 0 && rate === Math.fround(rate)));
        const decay = rates.slice(warmUpSteps);
        assert.ok(decay.every((rate, i) => i === 0 || rate <= (decay[i - 1] ?? 0)));
      },
    ),
  );
});

test('the weight of KL rises linearly to its value and stays there', () => {
  const settings = { klWeight: 2, klWarmUpSteps: 4 };
  assert.deepEqual(
    [0, 1, 3, 4, 99].map((step) => klWeightAt(settings, step)),
    [0.5, 1, 2, 2, 2],
  );
  assert.equal(klWeightAt({ klWeight: 0.7, klWarmUpSteps: 0 }, 0), 0.7);
});

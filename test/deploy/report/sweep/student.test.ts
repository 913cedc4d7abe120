import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spreadOf, studentQuantile, studentWithin } from '../../../../deploy/report/sweep/student.ts';

const near = (got: number, expected: number, tolerance = 1e-3): void =>
  assert.ok(Math.abs(got - expected) < tolerance, `${got}, expected ${expected}`);

test('quantiles are those of the printed tables', () => {
  const table: readonly (readonly [freedom: number, t95: number, t99: number])[] = [
    [1, 12.706, 63.657],
    [2, 4.303, 9.925],
    [3, 3.182, 5.841],
    [4, 2.776, 4.604],
    [9, 2.262, 3.25],
    [30, 2.042, 2.75],
  ];
  for (const [freedom, t95, t99] of table) {
    near(studentQuantile(0.95, freedom), t95);
    near(studentQuantile(0.99, freedom), t99);
  }
});

test('with many degrees of freedom it is the normal distribution', () => {
  near(studentWithin(1.96, 2000), 0.95);
});

test('an interval is mean and t s / sqrt n, and has no end where there is one value', () => {
  const { mean, low, high } = spreadOf([1, 2, 3], 0.05);
  near(mean, 2);
  near(high - mean, 4.3027 / Math.sqrt(3));
  near(mean - low, 4.3027 / Math.sqrt(3));
  assert.deepEqual(spreadOf([5], 0.05), { count: 1, mean: 5, low: -Infinity, high: Infinity });
});

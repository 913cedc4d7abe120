/** Distributions of the counter-based kernels: exact bounds, moments, and float64 formulas of the same words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels } from '../../../shared/math/kernels.ts';
import { wordsOf } from '../../../shared/math/philox.ts';

const count = 200_000;
const kernels = createKernels(4 * count + 64);
const room = kernels.allocate(4 * count);
const values = kernels.float32(room, count);

const mean = (f: (value: number) => number): number =>
  values.reduce((sum, value) => sum + f(value), 0) / count;

/** The largest distance between the empirical and the true distribution function (Kolmogorov and Smirnov). */
function distanceTo(distribution: (value: number) => number): number {
  const sorted = values.toSorted();
  return sorted.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(distribution(value) - (i + 0.5) / count)),
    0,
  );
}
const criticalDistance = 1.95 / Math.sqrt(count); // 99.9 %

test('uniform values fill [low, high) evenly, and never reach high', () => {
  kernels.uniform(room, count, 7, [1, 2, 3], -0.25, 0.75);
  assert.ok(values.every((value) => value >= -0.25 && value < 0.75));
  assert.ok(distanceTo((value) => value + 0.25) < criticalDistance);
});

test('a range of a few float32 values still excludes its upper end', () => {
  fc.assert(
    fc.property(
      fc.float({ min: -1000, max: 1000, noNaN: true }),
      fc.integer({ min: 1, max: 5 }),
      (low, ulps) => {
        const ends = new Float32Array([low, low]);
        const bits = new Int32Array(ends.buffer);
        bits[1] = (bits[1] ?? 0) + (low < 0 || Object.is(low, -0) ? -ulps : ulps);
        const high = ends[1] ?? 0;
        fc.pre(low < high);
        kernels.uniform(room, 1000, 1, [0, 0, 0], low, high);
        assert.ok(values.subarray(0, 1000).every((value) => value >= low && value < high));
      },
    ),
  );
});

test('normal values are those of Box and Muller in float64, to the accuracy of float32', () => {
  const deviation = 0.5;
  kernels.normal(room, count, 3, [4, 5, 6], deviation);
  const next = wordsOf(3, [4, 5, 6]);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((next() + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * next()) / 2 ** 32;
    assert.ok(Math.abs((values[i] ?? 0) - deviation * radius * Math.cos(angle)) < 1e-6);
    assert.ok(Math.abs((values[i + 1] ?? 0) - deviation * radius * Math.sin(angle)) < 1e-6);
  }
});

test('normal values have the moments of the normal distribution, and neighbours do not correlate', () => {
  kernels.normal(room, count, 11, [0, 1, 0], 1);
  const within = (actual: number, expected: number, variance: number): void =>
    assert.ok(Math.abs(actual - expected) < 4 * Math.sqrt(variance / count), `${actual} for ${expected}`);
  within(
    mean((x) => x),
    0,
    1,
  );
  within(
    mean((x) => x * x),
    1,
    2,
  );
  within(
    mean((x) => x ** 3),
    0,
    15,
  );
  within(
    mean((x) => x ** 4),
    3,
    96,
  );
  within(values.reduce((sum, x, i) => sum + x * (values[i ^ 1] ?? 0), 0) / count, 0, 2);
});

test('an array filled in pieces has the values of one filled at once', () => {
  const fillers = [
    (at: number, length: number, first: number) => kernels.uniform(at, length, 1, [1, 1, 1], 0, 1, first),
    (at: number, length: number, first: number) => kernels.normal(at, length, 1, [1, 1, 1], 1, first),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...fillers), fc.array(fc.nat(900), { maxLength: 9 }), (fillPiece, cuts) => {
      const length = 9000;
      fillPiece(room, length, 0);
      const whole = values.slice(0, length);
      values.fill(NaN);
      const ends = [...cuts.map((cut) => 10 * cut).sort((a, b) => a - b), length];
      ends.forEach((end, i) => {
        const first = ends[i - 1] ?? 0;
        fillPiece(room + 4 * first, end - first, first);
      });
      assert.deepEqual(values.slice(0, length), whole);
    }),
    { numRuns: 40 },
  );
});

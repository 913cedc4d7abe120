/** The noise scale on gradients whose |G|^2 and covariance are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernels } from '../../shared/math/kernels.ts';
import {
  addNoise,
  estimateNoise,
  noiseScale,
  noNoise,
  type GradientSquares,
} from '../../shared/math/noise-scale.ts';

test('the estimates solve the two equations of a small and a large batch', () => {
  const [truth, trace, b, microBatchCount] = [3, 40, 5, 8];
  const batch = b * microBatchCount;
  const smallSquares = truth + trace / b; // what is expected of one micro-batch's mean
  const estimate = estimateNoise({
    microBatchCount,
    microBatchSize: b,
    leafSquares: microBatchCount * smallSquares * b * b,
    meanSquares: truth + trace / batch,
  });
  assert.ok(estimate !== null);
  assert.ok(Math.abs(estimate.gradientSquares - truth) < 1e-12);
  assert.ok(Math.abs(estimate.noise - trace) < 1e-10);
});

test('a single micro-batch gives no estimate', () => {
  assert.equal(
    estimateNoise({ microBatchCount: 1, microBatchSize: 9, leafSquares: 5, meanSquares: 1 }),
    null,
  );
  assert.equal(noiseScale(noNoise), null);
});

/** Squares of a step whose per-sample gradients are normal around `truth` in each of `size` dimensions. */
function drawStep(step: number, size: number, truth: number, deviation: number): GradientSquares {
  const [microBatchCount, microBatchSize] = [4, 6];
  const count = microBatchCount * microBatchSize * size;
  const kernels = createKernels(4 * count);
  const offset = kernels.allocate(4 * count);
  kernels.normal(offset, count, 99, [step, 0, 0], deviation);
  const samples = kernels.float32(offset, count).map((value) => value + truth); // [M, b, size]
  const sums = Array.from({ length: microBatchCount }, () => new Float64Array(size));
  samples.forEach((value, i) => {
    const sum = sums[Math.floor(i / (microBatchSize * size))];
    if (sum !== undefined) sum[i % size] = (sum[i % size] ?? 0) + value;
  });
  const squaresOf = (values: Float64Array): number =>
    values.reduce((total, value) => total + value * value, 0);
  const mean = sums.reduce((left, right) => left.map((value, i) => value + (right[i] ?? 0)));
  return {
    microBatchCount,
    microBatchSize,
    leafSquares: sums.reduce((total, sum) => total + squaresOf(sum), 0),
    meanSquares: squaresOf(mean.map((value) => value / (microBatchCount * microBatchSize))),
  };
}

test('averaged over steps, the estimate finds the noise scale of a known distribution', () => {
  const [size, truth, deviation] = [50, 0.2, 1.5];
  let totals = noNoise;
  for (let step = 0; step < 500; step++) {
    const estimate = estimateNoise(drawStep(step, size, truth, deviation));
    assert.ok(estimate !== null);
    totals = addNoise(totals, estimate);
  }
  const gradientSquares = size * truth ** 2;
  const trace = size * deviation ** 2;
  assert.ok(Math.abs(totals.noise / totals.stepCount / trace - 1) < 0.02);
  assert.ok(Math.abs(totals.gradientSquares / totals.stepCount / gradientSquares - 1) < 0.1);
  assert.ok(Math.abs((noiseScale(totals) ?? 0) / (trace / gradientSquares) - 1) < 0.1);
});

test('where noise hides the gradient the scale is not available, never negative or infinite', () => {
  assert.equal(noiseScale({ stepCount: 3, gradientSquares: -1, noise: 5 }), null);
  assert.equal(noiseScale({ stepCount: 3, gradientSquares: 0, noise: 5 }), null);
  assert.equal(noiseScale({ stepCount: 3, gradientSquares: 2, noise: -5 }), 0);
});

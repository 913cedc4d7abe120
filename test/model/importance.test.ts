/** The importance-weighted bound against log p(x) of a linear model, which is known in closed form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLogSums, importanceBounds } from '../../shared/model/importance.ts';
import { boundsOf } from '../../shared/model/evidence.ts';
import type { DrawKey } from '../../shared/model/compute.ts';
import { loadLinearVae } from '../support/linear-vae.ts';

const image = { height: 2, width: 2, channels: 1 };
const variance = 0.25;
const scales = [0.8, 1.5]; // latent 0 moves pixel 0, latent 1 pixel 1: the posterior is independent, too
const draw: DrawKey = { seed: 5, purpose: 'evaluation', step: 1, microBatch: 0 };
const rows = [
  [0.3, -0.2, 0.5, 0.1],
  [1.2, 0.4, -0.7, 0],
  [-0.9, 2.1, 0.2, 0.3],
];

/** @param skew by how much the encoder's mean is off, in the unit of the latents */
function linearVae(skew: number) {
  const posterior = scales.map((scale) => ({
    gain: scale / (scale ** 2 + variance),
    variance: variance / (scale ** 2 + variance),
  }));
  const encoder = [0, 1, 2, 3].flatMap((pixel) =>
    [0, 1].map((latent) => (pixel === latent ? posterior[latent]!.gain : 0)),
  );
  return loadLinearVae({
    image,
    latent: 2,
    basis: null,
    settings: { likelihood: 'fixedVariance', fixedVariance: variance },
    parameters: {
      'encoder/mean/output/kernel': encoder,
      'encoder/mean/output/bias': [skew, skew],
      'encoder/logVariance/output/bias': posterior.map((latent) => Math.log(latent.variance)),
      'decoder/mean/kernel': [scales[0]!, 0, 0, 0, 0, scales[1]!, 0, 0],
    },
  });
}

/** log N(x; 0, W^T W + variance I). */
const logDensity = (row: readonly number[]): number =>
  row.reduce((sum, value, pixel) => {
    const total = variance + (scales[pixel] ?? 0) ** 2;
    return sum - (Math.log(2 * Math.PI * total) + value ** 2 / total) / 2;
  }, 0);

test('with the exact posterior every weight is p(x), and the bound is tight for any k', async () => {
  const loaded = await linearVae(0);
  const x = tf.tensor2d(rows);
  for (const k of [1, 3, 20]) {
    const bounds = await importanceBounds(loaded, x, k, draw);
    bounds.forEach((bound, row) => assert.ok(Math.abs(bound - logDensity(rows[row]!)) < 1e-4, `k = ${k}`));
  }
  loaded.dispose();
});

test('with a posterior that is off, the bound grows with k from about the ELBO to log p(x)', async () => {
  const loaded = await linearVae(0.4);
  const x = tf.tile(tf.tensor2d(rows), [100, 1]);
  const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const truth = meanOf(Float64Array.from(rows, logDensity));
  const bounds: number[] = [];
  for (const k of [1, 4, 16, 128]) bounds.push(meanOf(await importanceBounds(loaded, x, k, draw)));
  for (const [index, bound] of bounds.entries()) {
    assert.ok(bound < truth + 0.02, `${bound} of at most ${truth}`);
    assert.ok(index === 0 || bound > bounds[index - 1]!, bounds.join());
  }
  assert.ok(Math.abs(bounds.at(-1)! - truth) < 0.05, `${bounds.at(-1)} near ${truth}`);
  const { nll, kl } = await boundsOf(loaded, x, { ...draw, step: 0 });
  const elbo = -meanOf(nll) - meanOf(kl);
  assert.ok(Math.abs(elbo - bounds[0]!) < 0.1, `ELBO ${elbo}, one sample ${bounds[0]}`);
  assert.ok(elbo < bounds[1]!);
  loaded.dispose();
});

test('the first samples are the same whatever k is, and no tensor is left behind', async () => {
  const loaded = await linearVae(0.4);
  const x = tf.tensor2d(rows);
  await importanceBounds(loaded, x, 1, draw); // constants that stay on the device
  const before = tf.memory().numTensors;
  const one = await importanceBounds(loaded, x, 1, draw);
  const again = await importanceBounds(loaded, x, 1, draw);
  await importanceBounds(loaded, x, 9, draw);
  assert.deepEqual(one, again);
  assert.equal(tf.memory().numTensors, before);
  loaded.dispose();
});

test('sums of exponentials neither overflow nor forget, and NaN stays NaN', () => {
  const sums = createLogSums(3);
  sums.add([-1e4, 800, 0]);
  sums.add([-1e4 + Math.log(3), 700, NaN, -1e9, 799, 1]);
  const [low, high, nan] = sums.logMeans(3);
  assert.ok(Math.abs(low! - (-1e4 + Math.log(4 / 3))) < 1e-9);
  assert.ok(Math.abs(high! - (800 + Math.log((1 + Math.exp(-1)) / 3))) < 1e-9);
  assert.ok(Number.isNaN(nan));
});

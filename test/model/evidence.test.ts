/** The two terms of the bound, row by row, against the same sums in float64, and against the training loss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { boundsOf } from '../../shared/model/evidence.ts';
import type { DrawKey } from '../../shared/model/compute.ts';
import { generativeOf } from '../../shared/model/loaded-model.ts';
import { loadLinearVae } from '../support/linear-vae.ts';

const draw: DrawKey = { seed: 3, purpose: 'evaluation', step: 0, microBatch: 7 };
const rows = [
  [0.1, 0.9],
  [0.4, 0.2],
];
const biases = { mean: [0.3, -1], logVariance: [-0.5, 0.7] };

const loadVae = () =>
  loadLinearVae({
    image: { height: 1, width: 2, channels: 1 },
    latent: 2,
    basis: null,
    settings: { likelihood: 'fixedVariance', fixedVariance: 0.5 },
    parameters: {
      'encoder/mean/output/kernel': [1, 0, 0, 2],
      'encoder/mean/output/bias': biases.mean,
      'encoder/logVariance/output/bias': biases.logVariance,
      'decoder/mean/kernel': [0.5, 0.1, -0.2, 0.7],
    },
  });

test('kl is the divergence of the posterior from the prior, summed over latents', async () => {
  const loaded = await loadVae();
  const { kl, posteriorMeans } = await boundsOf(loaded, tf.tensor2d(rows), draw);
  rows.forEach((row, index) => {
    const means = [row[0]! + biases.mean[0]!, 2 * row[1]! + biases.mean[1]!];
    const expected = means.reduce((sum, mean, j) => {
      const s = biases.logVariance[j]!;
      return sum - (1 + s - mean ** 2 - Math.exp(s)) / 2;
    }, 0);
    assert.ok(Math.abs(kl[index]! - expected) < 1e-6);
    means.forEach((mean, j) => assert.ok(Math.abs(posteriorMeans[2 * index + j]! - mean) < 1e-6));
  });
  loaded.dispose();
});

test('summed over rows, the terms are those of the evaluation loss with the same draws', async () => {
  const loaded = await loadVae();
  const x = tf.tensor2d(rows);
  const { mode, parameters } = generativeOf(loaded);
  const { terms } = loaded.model.lossSum(
    parameters,
    { rows: x, labels: null },
    loaded.runtime.draws(draw),
    mode,
    { klWeight: 1 },
  );
  const { nll, kl } = await boundsOf(loaded, x, draw);
  assert.ok(Math.abs(nll[0]! + nll[1]! - terms['nll']!.dataSync()[0]!) < 1e-5);
  assert.ok(Math.abs(kl[0]! + kl[1]! - terms['kl']!.dataSync()[0]!) < 1e-5);
  loaded.dispose();
});

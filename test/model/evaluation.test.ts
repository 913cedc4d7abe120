/** An evaluation as a whole: what it adds up over batches, and what it says where a figure has no meaning. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createEvaluator, createMoments } from '../../shared/model/evaluation.ts';
import type { LoadedModel } from '../../shared/model/loaded-model.ts';
import { loadLinearVae } from '../support/linear-vae.ts';

const image = { height: 2, width: 2, channels: 1 };
const rowCount = 12;
const batchOf = (first: number, end: number) => {
  const rows = Uint8Array.from({ length: (end - first) * 4 }, (_, index) => (37 * (index + 4 * first)) % 256);
  return { rows, rowCount: end - first, labels: null };
};

const loadVae = (likelihood: 'fixedVariance' | 'bernoulli'): Promise<LoadedModel> =>
  loadLinearVae({
    image,
    latent: 3,
    basis: null,
    settings: { likelihood },
    // Latent 0 follows pixel 0, latent 1 hardly does, latent 2 not at all.
    parameters: { 'encoder/mean/output/kernel': [1, 0.05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
  });

test('latents whose posterior mean moves with the rows are active, the others are not', async () => {
  const loaded = await loadVae('fixedVariance');
  const evaluator = createEvaluator(loaded, { seed: 1, importanceSamples: 0, bits: null });
  await evaluator.add(batchOf(0, 6), 0);
  await evaluator.add(batchOf(6, rowCount), 1);
  const result = evaluator.result();
  assert.equal(result.activeUnits, 1);
  assert.equal(result.latentCount, 3);
  assert.equal(result.rowCount, rowCount);
  assert.equal(result.elbo, -(result.nll + result.kl));
  assert.equal(result.importanceBound, null);
  assert.equal(result.bitsPerDimension, null);
  loaded.dispose();
});

test('bits per dimension are a number for densities, and undefined for probabilities of outcomes', async () => {
  for (const likelihood of ['fixedVariance', 'bernoulli'] as const) {
    const loaded = await loadVae(likelihood);
    const evaluator = createEvaluator(loaded, {
      seed: 1,
      importanceSamples: 2,
      bits: { allComponents: null },
    });
    await evaluator.add(batchOf(0, rowCount), 0);
    const { bitsPerDimension, importanceBound } = evaluator.result();
    assert.ok(Number.isFinite(importanceBound));
    if (likelihood === 'bernoulli') assert.equal(bitsPerDimension, 'undefined');
    else assert.ok(Number.isFinite(bitsPerDimension));
    evaluator.dispose();
    loaded.dispose();
  }
});

test('no tensor is left behind by a batch', async () => {
  const loaded = await loadVae('fixedVariance');
  const evaluator = createEvaluator(loaded, { seed: 1, importanceSamples: 3, bits: { allComponents: null } });
  await evaluator.add(batchOf(0, 4), 0);
  const before = tf.memory().numTensors;
  await evaluator.add(batchOf(4, 8), 1);
  assert.equal(tf.memory().numTensors, before);
  loaded.dispose();
});

test('moments of columns are those of all rows, whatever parts they come in, far from 0 as well', () => {
  const values = Array.from({ length: 50 }, (_, row) => [1e8 + (row % 7), row * row]);
  const moments = createMoments(2);
  moments.add(values.slice(0, 13).flat());
  moments.add(values.slice(13).flat());
  [0, 1].forEach((column) => {
    const mean = values.reduce((sum, row) => sum + row[column]!, 0) / 50;
    const expected = values.reduce((sum, row) => sum + (row[column]! - mean) ** 2, 0) / 50;
    assert.ok(Math.abs(moments.variances()[column]! / expected - 1) < 1e-6);
  });
});

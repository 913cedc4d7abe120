/** Gradients that TensorFlow computes itself equal the stock ones of TensorFlow.js on the plain backend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { relativeError } from '../../support/golden-vae.ts';
import { requiresFile } from '../../support/requires.ts';

const root = new URL('../../../', import.meta.url).pathname;
const addon = `${root}node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node`;
const options = { threads: 1, precision: 'float32', allowCpu: true } as const;

const functions: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  relu: (x) => tf.relu(x),
  'sum of all': (x) => tf.sum(x),
  'sum over rows': (x) => tf.sum(x, 0),
  'sum over the last axis, kept': (x) => tf.sum(x, -1, true),
  'sum over two axes': (x) => tf.sum(x, [0, 2]),
  'mean of all': (x) => tf.mean(x),
  'mean over columns': (x) => tf.mean(x, 1),
};

/** Values and gradients of sum(f(x)^2), so that what comes back into f differs from entry to entry. */
function gradients(): Record<string, Float32Array> {
  return tf.tidy(() => {
    const x = tf.randomNormal([4, 5, 3], 0, 1, 'float32', 1);
    const squared = (f: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) =>
      tf.sum(tf.square(f(x))) as tf.Scalar;
    return Object.fromEntries(
      Object.entries(functions).map(([name, f]) => [
        name,
        tf.grad(squared(f))(x).dataSync<'float32'>().slice(),
      ]),
    );
  });
}

test('relu, sum and mean differentiate alike; the plain backend keeps its own gradients', async (context) => {
  if (!requiresFile(addon, 'node deploy/setup.mjs', context)) return;
  await openRuntime('cpu', options);
  const stock = gradients();
  await openRuntime('tensorflow', options);
  const fused = gradients();
  await openRuntime('cpu', options);
  assert.deepEqual(gradients(), stock);
  for (const [name, expected] of Object.entries(stock)) {
    assert.ok(relativeError(fused[name]!, expected) < 1e-6, name);
  }
});

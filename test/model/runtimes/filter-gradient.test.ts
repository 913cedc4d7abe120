/** The gradient of a convolution by its filter on wasm, against that of the cpu backend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { openWasm } from '../../../shared/model/runtimes/wasm.ts';

const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(index * 1.7 + seed));

/** @returns gradients of a convolution by image and filter */
function gradients(stride: number, pad: 'same' | 'valid', size: number): number[][] {
  const x = tf.tensor4d(values(2 * size * size * 3, 1), [2, size, size, 3]);
  const filter = tf.tensor4d(values(3 * 2 * 3 * 4, 2), [3, 2, 3, 4]);
  const loss = (image: tf.Tensor, kernel: tf.Tensor) =>
    tf.sum(tf.square(tf.conv2d(image as tf.Tensor4D, kernel as tf.Tensor4D, stride, pad)));
  return tf
    .grads(loss)([x, filter])
    .map((gradient) => [...gradient.dataSync()]);
}

test('convolutions have the gradients that they have on the cpu', async () => {
  for (const [stride, pad, size] of [
    [1, 'same', 5],
    [2, 'same', 6],
    [2, 'valid', 7],
  ] as const) {
    await openWasm();
    const got = gradients(stride, pad, size);
    await tf.setBackend('cpu');
    const expected = gradients(stride, pad, size);
    got.forEach((gradient, which) =>
      gradient.forEach((value, index) =>
        assert.ok(
          Math.abs(value - expected[which]![index]!) < 1e-3,
          `stride ${stride}, ${pad}: ${value} at ${index}, expected ${expected[which]![index]}`,
        ),
      ),
    );
  }
});

test('it leaves no tensor behind', async () => {
  await openWasm();
  tf.tidy(() => void gradients(2, 'same', 6));
  const before = tf.memory().numTensors;
  tf.tidy(() => void gradients(2, 'same', 6));
  assert.equal(tf.memory().numTensors, before);
});

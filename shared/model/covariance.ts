/**
 * Sums for principal components, exact on any device.
 *
 * Pixels minus 128 are integers of magnitude at most 128, so over at most 1,024 rows every partial sum of
 * their products is an integer of at most 2^24: exact in float32, and under TF32 as well, in whatever order a
 * device adds. Blocks are added in float64, exact up to 2^53. So the sums of a data set are one fixed number,
 * whoever computes them.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';

export const exactBlockRows = 1024;

/**
 * Adds up (x - 128)(x - 128)^T and (x - 128) over the rows.
 * @param sums [D * D + D], added to
 */
export async function addCovariance({ rows, rowCount }: Batch, sums: Float64Array): Promise<void> {
  const size = rows.length / rowCount; // D
  assert.equal(sums.length, size * size + size, 'values of the sums');
  for (let first = 0; first < rowCount; first += exactBlockRows) {
    const end = Math.min(first + exactBlockRows, rowCount);
    const centred = Float32Array.from(rows.subarray(first * size, end * size), (value) => value - 128);
    const products = tf.tidy(() => {
      const block = tf.tensor2d(centred, [end - first, size]);
      return tf.matMul(block, block, true, false);
    });
    addTo(sums, await products.data<'float32'>());
    products.dispose();
    addRows(sums.subarray(size * size), centred);
  }
}

function addTo(sums: Float64Array, values: Float32Array): void {
  for (let index = 0; index < values.length; index++) sums[index] = (sums[index] ?? 0) + (values[index] ?? 0);
}

function addRows(sums: Float64Array, rows: Float32Array): void {
  const size = sums.length;
  for (let start = 0; start < rows.length; start += size) {
    for (let feature = 0; feature < size; feature++) {
      sums[feature] = (sums[feature] ?? 0) + (rows[start + feature] ?? 0);
    }
  }
}

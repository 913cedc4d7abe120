/**
 * Sums for principal components, exact on any device.
 *
 * Pixels minus 128 are integers of magnitude at most 128, so over at most 1,024 rows every partial sum of
 * their products is an integer of at most 2^24: exact in float32, and under TF32 as well, in whatever order a
 * device adds. Blocks are added in float64, exact up to 2^53. So the sums of a data set are one fixed number,
 * whoever computes them.
 *
 * The matrix of products is symmetric. The device computes it in panels of rows, each up to the panel's own
 * last column: with four panels, 5/8 of the work. D features.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';

export const exactBlockRows = 1024;
const panelCount = 4;

/**
 * Adds up (x - 128)(x - 128)^T and (x - 128) over the rows.
 * @param sums [D * D + D], added to; its matrix is symmetric
 */
export async function addCovariance({ rows, rowCount }: Batch, sums: Float64Array): Promise<void> {
  const size = rows.length / rowCount;
  assert.equal(sums.length, size * size + size, 'values of the sums');
  const products = sums.subarray(0, size * size);
  const totals = sums.subarray(size * size);
  for (let first = 0; first < rowCount; first += exactBlockRows) {
    const end = Math.min(first + exactBlockRows, rowCount);
    const block = centred(rows.subarray(first * size, end * size));
    await addProducts(products, block, size);
    addRows(totals, block);
  }
  mirror(products, size);
}

function centred(bytes: Uint8Array): Float32Array {
  const block = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) block[index] = (bytes[index] ?? 0) - 128;
  return block;
}

/** @param products [D, D], of which the lower triangle is complete afterwards @param block [rows, D] */
async function addProducts(products: Float64Array, block: Float32Array, size: number): Promise<void> {
  const rows = tf.tensor2d(block, [block.length / size, size]);
  const height = Math.ceil(size / panelCount);
  for (let first = 0; first < size; first += height) {
    const end = Math.min(first + height, size);
    const panel = tf.tidy(() => {
      const left = tf.slice(rows, [0, first], [-1, end - first]);
      return tf.matMul(left, tf.slice(rows, [0, 0], [-1, end]), true, false); // [end - first, end]
    });
    const values = await panel.data<'float32'>();
    panel.dispose();
    for (let row = first; row < end; row++) {
      addTo(products.subarray(row * size, row * size + end), values, (row - first) * end);
    }
  }
  rows.dispose();
}

function addTo(sums: Float64Array, values: Float32Array, start: number): void {
  for (let index = 0; index < sums.length; index++) {
    sums[index] = (sums[index] ?? 0) + (values[start + index] ?? 0);
  }
}

function addRows(sums: Float64Array, rows: Float32Array): void {
  for (let start = 0; start < rows.length; start += sums.length) addTo(sums, rows, start);
}

/** Copies the lower triangle to the upper one. */
function mirror(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      matrix[column * size + row] = matrix[row * size + column] ?? 0;
    }
  }
}

/** Products on WebGPU: right, and the same bits every time, however few outputs and many terms they have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { programFor } from '../../../shared/model/runtimes/webgpu-products.ts';
import { relativeError } from '../../support/golden-vae.ts';
import { requiresSwiftshader, swiftshader } from '../../support/swiftshader.ts';

Object.assign(process.env, swiftshader);
const options = { threads: 1, precision: 'float32', allowCpu: true } as const;

test('a sum of many terms is never left to the choice of TensorFlow.js, however its operands lie', () => {
  const [ownChoice, smallTiles, largeTiles] = [-1, 2, 3];
  assert.equal(programFor([40, 1999], [1999, 16], false, false), ownChoice);
  assert.equal(programFor([40, 2000], [2000, 16], false, false), smallTiles);
  assert.equal(programFor([2000, 40], [16, 2000], true, true), smallTiles);
  assert.equal(programFor([6300, 2048], [6300, 2048], true, false), largeTiles);
  assert.equal(programFor([3, 40, 2000], [3, 2000, 1024], false, false), largeTiles);
});

test('a product of few outputs and many terms is right, and has the same bits every time', async (context) => {
  if (!requiresSwiftshader(context)) return;
  const { upload } = await openRuntime('webgpu', options);
  const values = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const [rows, terms, columns] = [20, 3072, 12];
  const a = upload(values(rows * terms), [rows, terms]) as tf.Tensor2D;
  const b = upload(values(terms * columns), [terms, columns]) as tf.Tensor2D;
  const products: (readonly number[])[] = [];
  for (let time = 0; time < 4; time++) {
    for (const product of [tf.matMul(a, b), tf.fused.matMul({ a, b })]) {
      products.push([...(await product.data())]);
      product.dispose();
    }
  }
  for (const product of products) assert.deepEqual(product, products[0]);
  const expected = Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let term = 0; term < terms; term++)
      sum += Math.fround(Math.sin(row * terms + term)) * Math.fround(Math.sin(term * columns + column));
    return sum;
  });
  assert.ok(relativeError(products[0]!, expected) < 1e-4);
});

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { flopsOf, prepareProducts, record } from '../../shared/model/profile.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';

let time = 0;
const tick = (): number => (time += 1); // each look at the clock takes a millisecond

before(async () => void (await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true })));

test('every operation is recorded with its products as they were asked for, and none afterwards', async () => {
  const [a, b] = [tf.ones([4, 3]), tf.ones([5, 3])] as [tf.Tensor2D, tf.Tensor2D];
  const { operations, readMs } = await record(async () => {
    await tf.relu(tf.matMul(a, b, false, true)).data();
    tf.matMul(a, a, true, false);
  }, tick);
  const products = operations.flatMap(({ product }) => product ?? []);
  assert.deepEqual(
    products.map(({ rows, inner, columns, transposeA, transposeB }) => [
      [rows, inner, columns],
      [transposeA, transposeB],
    ]),
    [
      [
        [4, 3, 5],
        [false, true],
      ],
      [
        [3, 4, 3],
        [true, false],
      ],
    ],
  );
  assert.equal(flopsOf(products[0]!), 2 * 4 * 3 * 5);
  for (const { beganMs, endedMs, ms } of operations) assert.ok(ms > 0 && ms <= endedMs - beganMs);
  assert.ok(operations.some(({ name }) => name === 'Relu') && readMs > 0);
  const count = operations.length;
  tf.relu(a);
  assert.equal(operations.length, count);
});

test('recording changes no value, also when what it records fails', async () => {
  const x = tf.tensor1d([-1, 2]);
  let values: Float32Array | null = null;
  await record(async () => void (values = await tf.relu(x).data<'float32'>()), tick);
  assert.deepEqual(values, Float32Array.of(0, 2));
  await assert.rejects(
    record(() => Promise.reject(new Error('as it was')), tick),
    /as it was/,
  );
  assert.deepEqual(await tf.relu(x).data(), Float32Array.of(0, 2));
});

test('products are run again with their shapes, and leave no tensor behind', async () => {
  const [a, b] = [tf.ones([4, 3]), tf.ones([4, 5])] as [tf.Tensor2D, tf.Tensor2D];
  const recordProducts = async (run: () => Promise<unknown>) =>
    (await record(run, tick)).operations.flatMap(({ product }) => product ?? []);
  const products = await recordProducts(async () => tf.tidy(() => void tf.matMul(a, b, true, false)));
  const before = tf.memory().numTensors;
  const prepared = prepareProducts(products);
  assert.deepEqual(await recordProducts(() => prepared.run()), products);
  prepared.dispose();
  assert.equal(tf.memory().numTensors, before);
});

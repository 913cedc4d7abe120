/** Statistics between the flat array and the layers: what travels comes out where it belongs. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { createObserver, createStatisticsStore } from '../../shared/model/statistics-store.ts';

let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const specs = [
  { name: 'first', size: 2 },
  { name: 'second', size: 3 },
];

test('means of all layers come first, then their variances, in the order of the layers', () => {
  const store = createStatisticsStore(specs, runtime);
  assert.equal(store.length, 10);
  store.set(Float32Array.from({ length: 10 }, (_, index) => index));
  const { statistics } = store.mode();
  const values = Object.entries(statistics).map(([name, { mean, variance }]) => [
    name,
    [...mean.dataSync()],
    [...variance.dataSync()],
  ]);
  assert.deepEqual(values, [
    ['first', [0, 1], [5, 6]],
    ['second', [2, 3, 4], [7, 8, 9]],
  ]);
});

test('what is observed is collected as means and means of squares, and let go', async () => {
  const tensorCount = tf.memory().numTensors;
  const observer = createObserver(specs);
  tf.tidy(() => {
    observer.observe('second', tf.tensor1d([1, 2, 3]), tf.tensor1d([0.5, 0, 1]));
    observer.observe('first', tf.tensor1d([-1, 4]), tf.tensor1d([0, 2]));
  });
  const sums = new Float64Array(10);
  await observer.collect(sums);
  assert.deepEqual([...sums], [-1, 4, 1, 2, 3, 1, 18, 1.5, 4, 10]);
  assert.equal(tf.memory().numTensors, tensorCount);
});

test('a layer that was not observed, or twice, is our own bug', async () => {
  const observer = createObserver(specs);
  observer.observe('first', tf.tensor1d([1, 2]), tf.tensor1d([1, 2]));
  assert.throws(() => observer.observe('first', tf.tensor1d([1, 2]), tf.tensor1d([1, 2])), /twice/);
  await assert.rejects(observer.collect(new Float64Array(10)), /second was not observed/);
});

test('statistics are set before they are needed, as often as wanted, without a leak', () => {
  const store = createStatisticsStore(specs, runtime);
  assert.throws(() => store.mode(), /before they were set/);
  store.set(new Float32Array(10));
  const tensorCount = tf.memory().numTensors;
  store.set(new Float32Array(10).fill(1));
  assert.equal(tf.memory().numTensors, tensorCount);
  store.dispose();
  assert.equal(tf.memory().numTensors, tensorCount - 4);
});

test('a model without batch norm needs none', () => {
  const store = createStatisticsStore([], runtime);
  assert.equal(store.length, 0);
  assert.deepEqual(store.mode(), { kind: 'evaluation', statistics: {} });
});

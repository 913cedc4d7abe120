/** Parameters on a device: [P] cut by the layout, frozen ones by the seed. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { initialiseFrozen } from '../../shared/math/initialise.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { createLayout, glorotUniform } from '../../shared/math/layout.ts';
import { createParameterStore } from '../../shared/model/parameter-store.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';

let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const layout = createLayout([
  { name: 'a', shape: [2, 2], initialiser: { kind: 'zeros' } },
  { name: 'head', shape: [2, 3], initialiser: glorotUniform(2, 3), frozen: true },
  { name: 'b', shape: [3], initialiser: { kind: 'zeros' } },
]);

test('trained parameters are cut in layout order; frozen ones are what the seed gives', () => {
  const kernels = createKernels(64);
  const offset = kernels.allocate(24);
  initialiseFrozen(layout, 7, kernels, offset);
  const store = createParameterStore(layout, runtime, 7);
  store.set(Float32Array.of(1, 2, 3, 4, 5, 6, 7));
  const named = store.named();
  assert.deepEqual(
    Object.fromEntries(Object.entries(named).map(([name, tensor]) => [name, [...tensor.dataSync()]])),
    { a: [1, 2, 3, 4], b: [5, 6, 7], head: [...kernels.float32(offset, 6)] },
  );
  assert.deepEqual(named['a']!.shape, [2, 2]);
});

test('setting anew replaces the trained tensors and leaks none', () => {
  const store = createParameterStore(layout, runtime, 7);
  assert.throws(() => store.trained(), /before they were set/);
  store.set(new Float32Array(7));
  const tensorCount = tf.memory().numTensors;
  const values = new Float32Array(7).fill(2);
  store.set(values);
  values.fill(3);
  assert.equal(tf.memory().numTensors, tensorCount);
  assert.deepEqual([...store.trained()[1]!.dataSync()], [2, 2, 2]);
  store.dispose();
  assert.equal(tf.memory().numTensors, tensorCount - 3);
});

test('other tensors may stand in for the trained ones', () => {
  const store = createParameterStore(layout, runtime, 7);
  const [a, b] = [tf.zeros([2, 2]), tf.ones([3])];
  const named = store.withFrozen({ a, b });
  assert.equal(named['a'], a);
  assert.equal(named['b'], b);
  assert.ok(named['head']);
});

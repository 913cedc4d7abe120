/** Gradients come out the same however they are read: as soon as they are made, at the end, or with a copy. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLayout } from '../../shared/math/layout.ts';
import { gradientInto } from '../../shared/model/gradient-reading.ts';
import type { Parameters } from '../../shared/model/model.ts';
import type { Reader, Runtime } from '../../shared/model/runtime.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';

let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const layout = createLayout([
  { name: 'w', shape: [2, 2], initialiser: { kind: 'zeros' } },
  { name: 'b', shape: [2], initialiser: { kind: 'zeros' } },
]);

const reads: string[] = [];
const reader = (isHostMemory: boolean): Reader => ({
  isHostMemory,
  read(tensor, out) {
    reads.push(tensor.shape.join());
    out.set(tensor.dataSync<'float32'>());
  },
});

/** w is used twice: its gradient is a sum, and only whole ones may be read. */
const lossOf = ({ w, b }: Parameters): tf.Scalar =>
  tf.sum(tf.matMul(tf.relu(tf.add(tf.matMul(w!, w as tf.Tensor2D), b!)) as tf.Tensor2D, w as tf.Tensor2D));

async function gradientBy(reader?: Reader): Promise<number[]> {
  const trained = [tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor1d([5, 6])];
  const out = new Float32Array(6).fill(NaN);
  const { reader: _, ...rest } = runtime;
  const device: Runtime = reader === undefined ? rest : { ...rest, reader };
  const tensorCount = tf.memory().numTensors;
  await gradientInto(device, layout.trained, trained, lossOf, out);
  assert.equal(tf.memory().numTensors, tensorCount, 'no tensor is left behind');
  assert.ok(trained.every(({ isDisposed }) => !isDisposed));
  return [...out];
}

test('a gradient is the same whether it is read early, at the end, or by a copy', async () => {
  const copied = await gradientBy();
  assert.ok(copied.every(Number.isFinite));
  assert.deepEqual(await gradientBy(reader(true)), copied);
  assert.deepEqual(await gradientBy(reader(false)), copied);
});

test('each gradient is read once, and early ones in the order of the backward pass', async () => {
  reads.length = 0;
  await gradientBy(reader(true));
  assert.deepEqual(reads, ['2', '2,2']);
  reads.length = 0;
  await gradientBy(reader(false));
  assert.deepEqual(reads, ['2,2', '2']);
});

test('a parameter that the loss does not use is an error, read early or not', async () => {
  const out = new Float32Array(6);
  const trained = [tf.ones([2, 2]), tf.ones([2])];
  for (const isHostMemory of [true, false]) {
    const device: Runtime = { ...runtime, reader: reader(isHostMemory) };
    const unused = ({ w }: Parameters): tf.Scalar => tf.sum(w!);
    await assert.rejects(gradientInto(device, layout.trained, trained, unused, out), /gradient/);
  }
});

/** A block as one operation equals the block by its parts: value, and the gradient of every input. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createKernelDraws } from '../../shared/model/draws.ts';
import { batchNormTraining } from '../../shared/model/operations.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { trainingBlock } from '../../shared/model/training-block.ts';
import { relativeError } from '../support/golden-vae.ts';
import { drawKey } from '../support/small-vae.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

const epsilon = 1e-3;
const drawsOf = createKernelDraws();
type Inputs = [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];

const whole = ([x, kernel, bias, gamma, beta]: Inputs, rate: number): tf.Tensor =>
  trainingBlock(x, { kernel, bias, gamma, beta }, epsilon, rate, drawsOf(drawKey()));

function byParts([x, kernel, bias, gamma, beta]: Inputs, rate: number): tf.Tensor {
  const dense = tf.add(tf.matMul(x, kernel), bias) as tf.Tensor2D;
  const active = tf.relu(batchNormTraining(dense, gamma, beta, epsilon));
  return rate === 0 ? active : tf.mul(active, drawsOf(drawKey()).dropoutMask(active.shape, rate));
}

function valueAndGradients(f: typeof whole, inputs: Inputs, rate: number): Float32Array[] {
  const weights = tf.randomNormal([9, 5], 0, 1, 'float32', 6);
  const loss = (...given: tf.Tensor[]): tf.Scalar =>
    tf.sum(tf.mul(tf.square(f(given as Inputs, rate)), weights));
  const { value, grads } = tf.valueAndGrads(loss)(inputs);
  return [value, ...grads].map((tensor) => tensor.dataSync<'float32'>());
}

test('a block in one equals the block by its parts, and its bias has a gradient of exactly 0', () => {
  for (const rate of [0, 0.2, 0.5]) {
    tf.tidy(() => {
      const inputs: Inputs = [
        tf.randomNormal([9, 4], 2, 3, 'float32', 1),
        tf.randomNormal([4, 5], 0, 1, 'float32', 2),
        tf.randomNormal([5], 0, 1, 'float32', 3),
        tf.randomUniform([5], 0.5, 2, 'float32', 4),
        tf.randomNormal([5], 0, 1, 'float32', 5),
      ];
      const ours = valueAndGradients(whole, inputs, rate);
      const expected = valueAndGradients(byParts, inputs, rate);
      const [bias] = ours.splice(3, 1);
      expected.splice(3, 1);
      assert.deepEqual(bias, new Float32Array(5));
      ours.forEach((values, i) => assert.ok(relativeError(values, expected[i]!) < 1e-5, `${rate}: ${i}`));
    });
  }
});

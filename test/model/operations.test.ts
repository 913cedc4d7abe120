/** Batch norm's own gradient against automatic differentiation, and constants that are made once. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { batchNormTraining, constant } from '../../shared/model/operations.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { relativeError } from '../support/golden-vae.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

const epsilon = 1e-3;

/** The definition, in operations whose gradients TensorFlow.js knows. */
function byDefinition(x: tf.Tensor2D, gamma: tf.Tensor1D, beta: tf.Tensor1D): tf.Tensor {
  const { mean, variance } = tf.moments(x, 0);
  const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normal, gamma), beta);
}

test('batch norm and its three gradients are those of its definition', () =>
  tf.tidy(() => {
    const x = tf.randomNormal([9, 5], 2, 3, 'float32', 1) as tf.Tensor2D;
    const gamma = tf.randomUniform([5], 0.5, 2, 'float32', 2) as tf.Tensor1D;
    const beta = tf.randomNormal([5], 0, 1, 'float32', 3) as tf.Tensor1D;
    const weights = tf.randomNormal([9, 5], 0, 1, 'float32', 4);
    const results = [batchNormTraining, byDefinition].map((normalise) => {
      const f = (...inputs: tf.Tensor[]): tf.Scalar => {
        const [x, gamma, beta] = inputs as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
        return tf.sum(tf.mul(tf.square(normalise(x, gamma, beta, epsilon)), weights));
      };
      const { value, grads } = tf.valueAndGrads(f)([x, gamma, beta]);
      return [value, ...grads].map((tensor) => tensor.dataSync());
    });
    const [ours, expected] = results;
    ours!.forEach((values, index) => assert.ok(relativeError(values, expected![index]!) < 1e-5, `${index}`));
  }));

test('a column that does not vary becomes beta, without a division by zero', () =>
  tf.tidy(() => {
    const y = batchNormTraining(tf.fill([4, 1], 7), tf.tensor1d([2]), tf.tensor1d([0.5]), epsilon);
    assert.deepEqual([...y.dataSync()], [0.5, 0.5, 0.5, 0.5]);
  }));

test('a constant is one tensor for good, even when it is first used within a tidy', () => {
  const first = tf.tidy(() => constant(1234.5));
  assert.equal(
    tf.tidy(() => constant(1234.5)),
    first,
  );
  assert.equal(first.dataSync()[0], 1234.5);
});

/** Layers by their parts: what they are named, what training and evaluation differ in. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLayout } from '../../shared/math/layout.ts';
import { batchNorm, block, blockArchitecture, dense, stackArchitecture } from '../../shared/model/layers.ts';
import { parameterOf, type Pass } from '../../shared/model/layers.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

const parameters = (): Record<string, tf.Tensor> => ({
  'b/dense/kernel': tf.tensor2d([1, 0, 0, 1, 1, -1], [3, 2]),
  'b/dense/bias': tf.tensor1d([0.5, 1]),
  'b/norm/gamma': tf.tensor1d([2, 3]),
  'b/norm/beta': tf.tensor1d([0, -1]),
});

const evaluation = (): Pass => ({
  kind: 'evaluation',
  parameters: parameters(),
  statistics: { 'b/norm': { mean: tf.tensor1d([1, 2]), variance: tf.tensor1d([0.249, 3.999]) } },
});

const training = (
  masks: string[],
  observe?: (name: string, mean: number[], variance: number[]) => void,
): Pass => ({
  kind: 'training',
  parameters: parameters(),
  draws: {
    dropoutMask(shape, rate) {
      masks.push(`${shape.join('x')} ${rate}`);
      return tf.mul(tf.ones([...shape]), 1 / (1 - rate));
    },
    standardNormal: () => assert.fail('noise is not of a layer'),
  },
  ...(observe && {
    observe: (name, mean, variance) => observe(name, [...mean.dataSync()], [...variance.dataSync()]),
  }),
});

test('Dense is x W + b', () =>
  tf.tidy(() => {
    const y = dense(evaluation(), 'b/dense', tf.tensor2d([[1, 2, 3]]));
    assert.deepEqual([...y.dataSync()], [4.5, 0]); // 1 + 3 + .5, 2 - 3 + 1
  }));

test('batch norm in evaluation uses the given mean and variance, with eps 1e-3', () =>
  tf.tidy(() => {
    const y = batchNorm(evaluation(), 'b/norm', tf.tensor2d([[1.5, 4]]));
    const expected = [(0.5 / 0.5) * 2, (2 / 2) * 3 - 1];
    y.dataSync().forEach((value, index) => assert.ok(Math.abs(value - expected[index]!) < 1e-6));
  }));

test('a block in evaluation is ReLU of that, and drops nothing', () =>
  tf.tidy(() => {
    const y = block(evaluation(), 'b', tf.tensor2d([[0.5, 2, 1]]), 0.5); // dense: 2, 2
    const expected = [(1 / 0.5) * 2, 0];
    y.dataSync().forEach((value, index) => assert.ok(Math.abs(value - expected[index]!) < 1e-6));
  }));

test('a block in training normalises by its batch, tells of biased moments, and drops out once', () =>
  tf.tidy(() => {
    const masks: string[] = [];
    const seen: unknown[] = [];
    const pass = training(masks, (...moments) => seen.push(moments));
    const x = tf.tensor2d([
      [1, 0, 0],
      [3, 4, 0],
    ]); // dense: 1.5, 1 and 3.5, 5
    const y = [...block(pass, 'b', x, 0.5).dataSync()];
    assert.deepEqual(seen, [['b/norm', [2.5, 3], [1, 4]]]);
    assert.deepEqual(masks, ['2x2 0.5']);
    const expected = [0, 0, (1 / Math.sqrt(1.001)) * 2 * 2, ((2 / Math.sqrt(4.001)) * 3 - 1) * 2];
    y.forEach((value, index) => assert.ok(Math.abs(value - expected[index]!) < 1e-5, y.join()));
  }));

test('a rate of 0 draws no mask', () =>
  tf.tidy(() => {
    const masks: string[] = [];
    block(training(masks), 'b', tf.ones([2, 3]), 0);
    assert.deepEqual(masks, []);
  }));

test('a stack names a block after its place; the first takes the input size', () => {
  const { parameters, statistics } = stackArchitecture('s', 3, 5, 2);
  assert.deepEqual(
    parameters.map(({ name, shape }) => `${name} ${shape.join('x')}`),
    ['s/1/dense/kernel 3x5', 's/1/dense/bias 5', 's/1/norm/gamma 5', 's/1/norm/beta 5'].concat([
      's/2/dense/kernel 5x5',
      's/2/dense/bias 5',
      's/2/norm/gamma 5',
      's/2/norm/beta 5',
    ]),
  );
  assert.deepEqual(statistics, [
    { name: 's/1/norm', size: 5 },
    { name: 's/2/norm', size: 5 },
  ]);
});

test('kernels start as Glorot has them, scales at 1, all else at 0', () => {
  const { trained } = createLayout(blockArchitecture('b', 3, 5).parameters);
  assert.deepEqual(
    trained.map(({ initialiser }) => initialiser),
    [
      { kind: 'uniform', limit: Math.sqrt(6 / 8) },
      { kind: 'zeros' },
      { kind: 'constant', value: 1 },
      { kind: 'zeros' },
    ],
  );
});

test('a parameter that is not there is our own bug, by name', () =>
  assert.throws(() => parameterOf({}, 'b/dense/kernel'), /no parameter b\/dense\/kernel/));

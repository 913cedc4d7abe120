/**
 * Fused operations of TensorFlow that TensorFlow.js does not offer: batch norm with its gradient, and
 * random numbers from counters.
 */
import * as tf from '@tensorflow/tfjs-core';
import { philox4x32 } from '../../math/philox.ts';
import type { DrawKey } from '../compute.ts';
import { streamOfDraw } from '../draws.ts';
import type { Draws } from '../model.ts';
import { constant, type BatchNormKernels } from '../operations.ts';
import { execute, executeOne } from './tensorflow-backend.ts';

/**
 * Copies into TensorFlow's memory at once. tfjs-node-gpu would keep the array until its first use, and then
 * compute on the array's own memory where that is aligned; `Identity` would pass that memory on.
 */
export const upload = (values: Float32Array, shape: readonly number[]): tf.Tensor =>
  tf.tidy(() => executeOne('DeepCopy', { T: 'float32' }, [tf.tensor(values, [...shape])]));

const batchNormAttributes = (epsilon: number) =>
  ({
    T: 'float32',
    U: 'float32',
    epsilon: { float: epsilon },
    data_format: { text: 'NHWC' },
    is_training: true,
  }) as const;

/** x [b, C] as the image that the fused kernels expect, [b, 1, 1, C]. */
const asImage = (x: tf.Tensor2D): tf.Tensor4D => tf.reshape(x, [x.shape[0], 1, 1, x.shape[1]]);

/** Statistics that are not given: TensorFlow wants them empty while training. */
const none = (): tf.Tensor1D => tf.tensor1d([], 'float32');

/** Normalises by the biased variance; what the kernel reports as variance is the unbiased one, and not used. */
export const tensorflowBatchNorm: BatchNormKernels = {
  forward(x, gamma, beta, epsilon) {
    const inputs = [asImage(x), gamma, beta, none(), none()];
    const attributes = { ...batchNormAttributes(epsilon), exponential_avg_factor: { float: 1 } };
    const [y, , , ...reserved] = execute('FusedBatchNormV3', attributes, inputs, 6);
    return [tf.reshape(y as tf.Tensor, x.shape), ...reserved];
  },
  backward(dy, x, gamma, reserved, epsilon) {
    const inputs = [asImage(dy), asImage(x), gamma, ...reserved];
    const outputs = execute('FusedBatchNormGradV3', batchNormAttributes(epsilon), inputs, 5);
    const [dx, dGamma, dBeta] = outputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    return [tf.reshape(dx, x.shape), dGamma, dBeta];
  },
};

/** dy where y is positive, in one pass. */
export const tensorflowRectifierGradient = (dy: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D =>
  executeOne('ReluGrad', { T: 'float32' }, [dy, y]) as tf.Tensor2D;

/**
 * TensorFlow's stateless generator takes two words of seed: the first two of the draw's own Philox block.
 * Of these 64 bits, the draws of a run of ten million steps share a pair with a chance below 1 in 1,000.
 */
export function tensorflowDraws(key: DrawKey, next: () => number = counter()): Draws {
  const draw = (operation: string, shape: readonly number[]): tf.Tensor => {
    const [word0, word1] = philox4x32([0, ...streamOfDraw(key, next())], [key.seed, 0]);
    return executeOne(operation, { dtype: 'float32', T: 'int32', Tseed: 'int32' }, [
      tf.tensor1d([...shape], 'int32'),
      tf.tensor1d(Int32Array.of(word0, word1), 'int32'),
    ]);
  };
  return {
    dropoutMask: (shape, rate) =>
      tf.tidy(() => {
        const isKept = tf.greaterEqual(draw('StatelessRandomUniform', shape), constant(rate));
        return tf.mul(tf.cast(isKept, 'float32'), constant(1 / (1 - rate)));
      }),
    standardNormal: (shape) => tf.tidy(() => draw('StatelessRandomNormal', shape)),
  };
}

/** 0, 1, 2, ...: numbers the draws of a micro-batch. */
export function counter(): () => number {
  let count = 0;
  return () => count++;
}

/**
 * The few operations that TensorFlow.js lacks, or has in a form too slow to train with.
 *
 * Ghost batch norm has a gradient of its own (Ioffe and Szegedy 2015, section 3): derived by hand it takes
 * eight operations on [b, C], where automatic differentiation of mean and variance takes about twenty. A
 * runtime with fused kernels registers them here.
 */
import * as tf from '@tensorflow/tfjs-core';

type Tensor1D = tf.Tensor1D;
type Tensor2D = tf.Tensor2D;

/** Batch normalisation over the rows of x [b, C], forward and backward. */
export interface BatchNormKernels {
  /** @returns y [b, C], and whatever `backward` needs besides x and gamma */
  forward(x: Tensor2D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): readonly [Tensor2D, ...tf.Tensor[]];
  /** @returns gradients of x, gamma and beta */
  backward(
    dy: Tensor2D,
    x: Tensor2D,
    gamma: Tensor1D,
    saved: readonly tf.Tensor[],
    epsilon: number,
  ): [Tensor2D, Tensor1D, Tensor1D];
}

const fusedBatchNorm = new Map<string, BatchNormKernels>();

/** Uses a backend's own kernels from now on. */
export function registerBatchNorm(backendName: string, kernels: BatchNormKernels): void {
  fusedBatchNorm.set(backendName, kernels);
}

/** Those of the backend in use. */
export const batchNormKernels = (): BatchNormKernels =>
  fusedBatchNorm.get(tf.getBackend()) ?? composedBatchNorm;

/** y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, by mean and biased variance of x [b, C] itself. */
export function batchNormTraining(x: Tensor2D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): Tensor2D {
  const kernels = batchNormKernels();
  const differentiable = tf.customGrad((...inputs) => {
    const [x, gamma, beta, save] = inputs as [Tensor2D, Tensor1D, Tensor1D, tf.GradSaveFunc];
    const [y, ...forBackward] = kernels.forward(x, gamma, beta, epsilon);
    save([x, gamma, ...forBackward]);
    return {
      value: y,
      gradFunc(dy, saved) {
        const [x, gamma, ...rest] = saved as [Tensor2D, Tensor1D, ...tf.Tensor[]];
        return kernels.backward(dy as Tensor2D, x, gamma, rest, epsilon);
      },
    };
  });
  return differentiable(x, gamma, beta) as Tensor2D;
}

const composedBatchNorm: BatchNormKernels = {
  forward(x, gamma, beta, epsilon) {
    const centred = tf.sub(x, tf.mean(x, 0));
    const variance = tf.mean(tf.square(centred), 0);
    const scale = tf.rsqrt(tf.add(variance, constant(epsilon))); // [C]
    const normal = tf.mul(centred, scale) as Tensor2D; // [b, C]
    return [tf.add(tf.mul(normal, gamma), beta) as Tensor2D, normal, scale];
  },
  backward(dy, x, gamma, saved) {
    const [normal, scale] = saved as [Tensor2D, Tensor1D];
    const rowCount = constant(x.shape[0]);
    const dBeta = tf.sum(dy, 0) as Tensor1D;
    const dGamma = tf.sum(tf.mul(dy, normal), 0) as Tensor1D;
    const alongNormal = tf.mul(normal, tf.div(dGamma, rowCount));
    const orthogonal = tf.sub(tf.sub(dy, tf.div(dBeta, rowCount)), alongNormal);
    return [tf.mul(orthogonal, tf.mul(gamma, scale)) as Tensor2D, dGamma, dBeta];
  },
};

type RectifierGradient = (dy: Tensor2D, y: Tensor2D) => Tensor2D;

const fusedRectifierGradient = new Map<string, RectifierGradient>();

/** Uses a backend's own operation from now on. */
export function registerRectifierGradient(backendName: string, gradient: RectifierGradient): void {
  fusedRectifierGradient.set(backendName, gradient);
}

/** dy where y is positive, else 0. */
export const rectifierGradient: RectifierGradient = (dy, y) =>
  fusedRectifierGradient.get(tf.getBackend())?.(dy, y) ?? tf.mul(dy, tf.step(y));

const constants = new Map<string, Map<number, tf.Scalar>>(); // by backend

/** A scalar that stays on the device: made at its first use, uploaded once. */
export function constant(value: number): tf.Scalar {
  const backend = tf.getBackend();
  const ofBackend = constants.get(backend) ?? new Map<number, tf.Scalar>();
  constants.set(backend, ofBackend);
  const known = ofBackend.get(value);
  if (known !== undefined) return known;
  const made = tf.keep(tf.scalar(value, 'float32'));
  ofBackend.set(value, made);
  return made;
}

/**
 * A block in training, Dense, batch norm, ReLU and dropout, as one operation with a gradient of its own.
 *
 *   u = x W,  z = norm(u),  y = relu(z) m,  where m is 0, or s = 1 / (1 - rate)
 *
 * Batch norm takes away whatever bias Dense adds: the bias is left out, and its gradient is 0, exactly.
 * y is positive where z is and m keeps it, so y alone says where dy passes; and s times that gradient goes
 * through batch norm as a factor on gamma. So the mask is neither kept nor read again, two passes over
 * [b, size] are saved, and what the backward pass makes on its way is let go of at once.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Draws } from './model.ts';
import { batchNormKernels, constant, rectifierGradient } from './operations.ts';

type Tensor1D = tf.Tensor1D;
type Tensor2D = tf.Tensor2D;

export interface BlockParameters {
  readonly kernel: Tensor2D; // [inputSize, size]
  readonly bias: Tensor1D; // [size]
  readonly gamma: Tensor1D; // [size]
  readonly beta: Tensor1D; // [size]
}

/** x [b, inputSize] to y [b, size]. */
export function trainingBlock(
  x: Tensor2D,
  { kernel, bias, gamma, beta }: BlockParameters,
  epsilon: number,
  dropoutRate: number,
  draws: Draws,
): Tensor2D {
  const kernels = batchNormKernels();
  const scale = constant(1 / (1 - dropoutRate));
  const block = tf.customGrad((...inputs) => {
    const [x, kernel, , gamma, beta, save] = inputs as [...BlockInputs, tf.GradSaveFunc];
    const u: Tensor2D = tf.matMul(x, kernel);
    const [z, ...forBackward] = kernels.forward(u, gamma, beta, epsilon);
    const y = dropOut(tf.relu(z), dropoutRate, draws);
    save([x, kernel, gamma, u, y, ...forBackward]);
    return {
      value: y,
      gradFunc: (dy, saved) =>
        tf.tidy(() => {
          const [x, kernel, gamma, u, y, ...rest] = saved as SavedByBlock;
          const dz = rectifierGradient(dy as Tensor2D, y); // over s
          const [du, dGamma, dBeta] = kernels.backward(dz, u, tf.mul(gamma, scale), rest, epsilon);
          const dKernel: Tensor2D = tf.matMul(x, du, true, false);
          const dx: Tensor2D = tf.matMul(du, kernel, false, true);
          return [dx, dKernel, tf.zerosLike(gamma), tf.mul(dGamma, scale), tf.mul(dBeta, scale)];
        }),
    };
  });
  return block(x, kernel, bias, gamma, beta) as Tensor2D;
}

type BlockInputs = [x: Tensor2D, kernel: Tensor2D, bias: Tensor1D, gamma: Tensor1D, beta: Tensor1D];
type SavedByBlock = [
  x: Tensor2D,
  kernel: Tensor2D,
  gamma: Tensor1D,
  u: Tensor2D,
  y: Tensor2D,
  ...forBatchNorm: tf.Tensor[],
];

/** x times a mask of its own. */
function dropOut(x: Tensor2D, rate: number, draws: Draws): Tensor2D {
  if (rate === 0) return x;
  return (draws.dropOut?.(x, rate) ?? tf.mul(x, draws.dropoutMask(x.shape, rate))) as Tensor2D;
}

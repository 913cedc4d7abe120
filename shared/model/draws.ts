/**
 * Random draws from the Philox kernels, for backends without a counter-based generator of their own.
 *
 * The n-th draw of a micro-batch has a stream of its own, named by (purpose, step, micro-batch, n), so that
 * it can be repeated by any worker at any time.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createKernels, type Kernels, type PhiloxStream } from '../math/kernels.ts';
import { streamOf } from '../math/philox.ts';
import type { DrawKey } from './compute.ts';
import type { Draws } from './model.ts';

const blockLength = 2 ** 18; // values that are drawn at once: the kernels' memory stays small

/** The counters of the `draw`-th draw of a micro-batch. */
export const streamOfDraw = ({ purpose, step, microBatch }: DrawKey, draw: number): PhiloxStream =>
  streamOf(purpose, step, microBatch, draw);

/** Gives the draws of any micro-batch; keeps 1 MiB of memory. */
export function createKernelDraws(): (key: DrawKey) => Draws {
  const kernels = createKernels(blockLength * Float32Array.BYTES_PER_ELEMENT);
  const block = kernels.allocate(blockLength * Float32Array.BYTES_PER_ELEMENT);
  return (key) => {
    let drawCount = 0;
    return {
      dropoutMask(shape, rate) {
        const stream = streamOfDraw(key, drawCount++);
        return fill(kernels, block, shape, (count, first) =>
          kernels.dropoutMask(block, count, key.seed, stream, rate, first),
        );
      },
      standardNormal(shape) {
        const stream = streamOfDraw(key, drawCount++);
        return fill(kernels, block, shape, (count, first) =>
          kernels.normal(block, count, key.seed, stream, 1, first),
        );
      },
    };
  };
}

/** Draws block by block: value i of a stream is the same however the stream is cut. */
function fill(
  kernels: Kernels,
  block: number,
  shape: readonly number[],
  draw: (count: number, firstValue: number) => void,
): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  for (let first = 0; first < values.length; first += blockLength) {
    const count = Math.min(blockLength, values.length - first);
    draw(count, first);
    values.set(kernels.float32(block, count), first);
  }
  return tf.tensor(values, [...shape]);
}

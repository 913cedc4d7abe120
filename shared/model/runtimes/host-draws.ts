/**
 * Draws for TensorFlow on a CPU: dropout masks from our own kernels, noise from TensorFlow.
 *
 * TensorFlow draws a 32-bit number for each value of a mask, compares, casts and scales; the kernels look at
 * little more than a byte, and write the mask itself. TensorFlow computes on the kernels' memory without a copy,
 * so a mask must be gone before the next one is written. It never leaves `dropOut`, whose product is computed
 * when it is asked for: operations on a CPU do not wait.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createKernels, type Kernels } from '../../math/kernels.ts';
import type { DrawKey } from '../compute.ts';
import { streamOfDraw } from '../draws.ts';
import type { Draws } from '../model.ts';
import { counter, tensorflowDraws } from './tensorflow-kernels.ts';

/** Gives the draws of any micro-batch; keeps the memory of the largest mask so far. */
export function createHostDraws(): (key: DrawKey) => Draws {
  let room: Room = createRoom(0);
  return (key) => {
    const next = counter();
    /** A view of the room: valid until the next one. */
    const nextMask = (shape: readonly number[], rate: number): Float32Array => {
      const count = tf.util.sizeFromShape([...shape]);
      if (count > room.length) room = createRoom(count);
      room.kernels.dropoutMask(room.offset, count, key.seed, streamOfDraw(key, next()), rate);
      return room.kernels.float32(room.offset, count);
    };
    return {
      ...tensorflowDraws(key, next),
      dropoutMask: (shape, rate) => tf.tensor(nextMask(shape, rate).slice(), [...shape]),
      dropOut: (x, rate) => tf.tidy(() => tf.mul(x, tf.tensor(nextMask(x.shape, rate), x.shape))),
    };
  };
}

interface Room {
  readonly kernels: Kernels;
  readonly offset: number; // 64-byte aligned, or TensorFlow would copy
  readonly length: number; // values
}

function createRoom(length: number): Room {
  const bytes = length * Float32Array.BYTES_PER_ELEMENT;
  const kernels = createKernels(bytes + 64);
  return { kernels, offset: kernels.allocate(bytes), length };
}

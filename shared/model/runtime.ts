/**
 * What a device is to the model: where tensors live, how they get there, and where random draws come from.
 *
 * One model code runs on every TensorFlow.js backend; what differs between backends stands behind this
 * interface. A process uses one runtime at a time: TensorFlow.js keeps its backend in a global.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DrawKey, Fingerprint } from './compute.ts';
import type { Draws } from './model.ts';

export const runtimeNames = ['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export interface RuntimeOptions {
  readonly threads: number | null; // CPU threads; 1 by default, because their count changes bits
  readonly precision: 'tf32' | 'float32'; // of matrix products on a GPU
  readonly allowCpu: boolean; // go on without a GPU that is there and cannot be used
}

export interface Runtime {
  readonly fingerprint: Fingerprint;
  /** A tensor of a copy of the values: the array may be overwritten afterwards. */
  upload(values: Float32Array, shape: readonly number[]): Tensor;
  /** Reads without detours; without one, `data()` and a second copy do. */
  readonly reader?: Reader;
  /** What tensors may take in all, where the runtime knows. */
  readonly memoryLimitBytes?: number;
  /** Draws of one micro-batch: a pure function of the key and of the order of calls. */
  draws(key: DrawKey): Draws;
}

export interface Reader {
  /** Copies a float32 tensor's values into an array that is there already; waits until they are computed. */
  read(tensor: Tensor, out: Float32Array): void;
  /** Whether tensors live in the host's memory, computed when they are made: reading early costs nothing. */
  readonly isHostMemory: boolean;
}

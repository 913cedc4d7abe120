/**
 * TensorFlow's own library under TensorFlow.js: CUDA where there is a GPU, oneDNN where there is none.
 *
 * Everything that shapes bits is fixed before the library is loaded (`tensorflowEnvironment`). Batch norm
 * and random draws are TensorFlow's fused operations, called by name.
 */
import { createRequire } from 'node:module';
import * as util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { exitCodes, LockstepError, unavailableError } from '../../errors.ts';
import { registerBatchNorm, registerRectifierGradient } from '../operations.ts';
import type { Runtime, RuntimeOptions } from '../runtime.ts';
import { cpuModel, visibleGpus } from './device.ts';
import { createHostDraws } from './host-draws.ts';
import { registerTensorflowGradients } from './tensorflow-gradients.ts';
import { registerProducts } from './tensorflow-products.ts';
import {
  tensorflowBatchNorm,
  tensorflowDraws,
  tensorflowRectifierGradient,
  upload,
} from './tensorflow-kernels.ts';
import { readInto, tensorflowBackend } from './tensorflow-backend.ts';

/** What the process must have in its environment before TensorFlow is loaded. */
export function tensorflowEnvironment({
  threads,
  precision,
}: Pick<RuntimeOptions, 'threads' | 'precision'>): Record<string, string> {
  const threadCount = String(threads ?? 1);
  return {
    TF_DETERMINISTIC_OPS: '1',
    TF_NUM_INTRAOP_THREADS: threadCount, // the number of threads changes bits
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: threadCount,
    TF_CPP_MIN_LOG_LEVEL: '3',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true', // one process a GPU, yet others may live there too
    ...(precision === 'float32' ? { NVIDIA_TF32_OVERRIDE: '0' } : {}),
  };
}

/** @throws LockstepError (69) when TensorFlow cannot be loaded, or cannot use the GPU that is there */
export async function openTensorflow(options: RuntimeOptions): Promise<Runtime> {
  Object.assign(process.env, tensorflowEnvironment(options));
  await load();
  await tf.setBackend('tensorflow');
  const backend = tensorflowBackend();
  const [gpu] = visibleGpus(process.env).slice(-1); // TensorFlow.js takes the last one
  if (gpu !== undefined && !backend.isUsingGpuDevice && !options.allowCpu) {
    throw unavailableError(
      `a GPU is there (${gpu.name}, driver ${gpu.driver}), but TensorFlow cannot use it: run \`npx lockstep doctor\`, ` +
        'or train on the CPU with --allow-cpu',
    );
  }
  registerTensorflowGradients();
  registerBatchNorm('tensorflow', tensorflowBatchNorm);
  registerRectifierGradient('tensorflow', tensorflowRectifierGradient);
  registerProducts();
  const device = backend.isUsingGpuDevice
    ? `${gpu?.name ?? 'GPU'}, driver ${gpu?.driver ?? 'unknown'}`
    : cpuModel();
  return {
    fingerprint: {
      backend: 'tensorflow',
      version: `TensorFlow ${backend.binding.TF_Version}, tfjs ${tf.version_core}`,
      device,
      threads: options.threads ?? 1,
      precision: backend.isUsingGpuDevice ? options.precision : 'float32',
    },
    upload,
    reader: { read: (tensor, out) => readInto(tensor, out), isHostMemory: !backend.isUsingGpuDevice },
    draws: backend.isUsingGpuDevice ? (key) => tensorflowDraws(key) : createHostDraws(),
  };
}

/** Loads the addon. Two functions that Node 23 dropped come back first: TensorFlow.js 4 still calls them. */
async function load(): Promise<void> {
  const legacy = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  legacy['isArray'] ??= Array.isArray;
  try {
    await import('@tensorflow/tfjs-node-gpu');
  } catch (cause) {
    const reason = util.inspect(cause instanceof Error ? cause.message : cause).split('\\n')[0];
    throw new LockstepError(
      `TensorFlow is not usable here (${reason}): run \`npx lockstep setup\`, or take --runtime wasm`,
      exitCodes.unavailable,
      { cause },
    );
  }
}

/**
 * Chooses a runtime and loads it: only the one that is asked for, and only when it is.
 *
 * `auto` is TensorFlow where it was set up, else WebAssembly, which npm alone provides. It never gives up a
 * GPU in silence: one that is there and cannot be used is an error.
 */
import '@tensorflow/tfjs-layers'; // registers the gradients of all operations
import * as tf from '@tensorflow/tfjs-core';
import { LockstepError } from '../errors.ts';
import type { Runtime, RuntimeName, RuntimeOptions } from './runtime.ts';
import { visibleGpus } from './runtimes/device.ts';

/**
 * @param name `auto`, or the one to load and no other
 * @throws LockstepError (69) when it is not to be had on this machine
 */
export async function openRuntime(name: RuntimeName, options: RuntimeOptions): Promise<Runtime> {
  tf.enableProdMode();
  switch (name) {
    case 'auto':
      return openBest(options);
    case 'tensorflow':
      return (await import('./runtimes/tensorflow.ts')).openTensorflow(options);
    case 'wasm':
      return (await import('./runtimes/wasm.ts')).openWasm();
    case 'cpu':
      return (await import('./runtimes/cpu.ts')).openCpu();
    case 'webgpu':
      return (await import('./runtimes/webgpu.ts')).openWebgpu(options);
    default:
      return name satisfies never;
  }
}

async function openBest(options: RuntimeOptions): Promise<Runtime> {
  try {
    return await openRuntime('tensorflow', options);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const [gpu] = visibleGpus(process.env);
    if (gpu !== undefined && !options.allowCpu) throw error;
    return openRuntime('wasm', options);
  }
}

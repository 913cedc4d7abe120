/** The plain JavaScript backend: slow, and simple enough to be the oracle that the others are tested against. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { createKernelDraws } from '../draws.ts';
import type { Runtime } from '../runtime.ts';
import { cpuModel } from './device.ts';

export async function openCpu(): Promise<Runtime> {
  await tf.setBackend('cpu');
  return {
    fingerprint: {
      backend: 'cpu',
      version: `tfjs ${tf.version_core}`,
      device: cpuModel(),
      threads: 1,
      precision: 'float32',
    },
    // This backend keeps the array itself.
    upload: (values, shape) => tf.tensor(values.slice(), [...shape]),
    draws: createKernelDraws(),
  };
}

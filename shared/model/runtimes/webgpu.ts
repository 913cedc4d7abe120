/**
 * WebGPU: any GPU that has a Vulkan, Metal or Direct3D driver, through Dawn and no further library.
 *
 * What the device computes can only be waited for: values are read by `data()`, never by `dataSync()`. And
 * nothing may depend on what was computed before, or two workers would differ: small tensors are never handed
 * to the CPU, and no product adds up in the order in which threads arrive (webgpu-products.ts).
 */
import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { unavailableError } from '../../errors.ts';
import { createKernelDraws } from '../draws.ts';
import type { Runtime, RuntimeOptions } from '../runtime.ts';
import { openWebgpuDevice, type WebgpuDevice } from './webgpu-device.ts';
import { registerOrderedProducts } from './webgpu-products.ts';

let opened: Promise<WebgpuDevice> | null = null; // one device a process, kept by the backend

/** @throws LockstepError (69) where there is no device, or one that computes on the CPU and was not asked for */
export async function openWebgpu({ allowCpu }: Pick<RuntimeOptions, 'allowCpu'>): Promise<Runtime> {
  opened ??= openWebgpuDevice();
  const device = await opened;
  if (device.isCpu && !allowCpu) {
    throw unavailableError(
      `WebGPU has no GPU here, only ${device.name}, which computes on the CPU, a hundred times slower than wasm: ` +
        'take --runtime wasm, or have it all the same with --allow-cpu',
    );
  }
  if (tf.findBackend('webgpu') === null) register(device);
  await tf.setBackend('webgpu');
  return {
    fingerprint: {
      backend: 'webgpu',
      version: `Dawn (webgpu ${device.version}), tfjs ${tf.version_core}`,
      device: device.name,
      threads: 1,
      precision: 'float32',
    },
    upload,
    draws: createKernelDraws(),
  };
}

function register({ device, info, failure }: WebgpuDevice): void {
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const backend = new WebGPUBackend(device, info);
  const read = backend.read.bind(backend);
  // A failed operation leaves zeros, or what was there before; nobody may take these for a result.
  backend.read = async (dataId) => {
    const [result] = await Promise.allSettled([read(dataId)]);
    const failed = failure();
    if (failed !== null) throw failed;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  };
  tf.registerBackend('webgpu', () => backend);
  registerOrderedProducts();
}

/** The backend would keep the array until its first use: it is copied to the device now. */
function upload(values: Float32Array, shape: readonly number[]): tf.Tensor {
  const tensor = tf.tensor(values, [...shape]);
  (tf.backend() as WebGPUBackend).uploadToGPU(tensor.dataId);
  return tensor;
}

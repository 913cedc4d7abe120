/**
 * The WebAssembly backend: what runs where nothing but npm is to be had. One thread, with SIMD.
 *
 * Its matrix product is fast (XNNPACK) unless an operand is to be read transposed, as every gradient of a
 * dense layer asks for; then it falls back to a plain loop. So products are registered anew here: they
 * transpose first, and multiply then, which makes a dense layer about 17 times faster.
 */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { createKernelDraws } from '../draws.ts';
import type { Runtime } from '../runtime.ts';
import { cpuModel } from './device.ts';
import { registerFilterGradient } from './filter-gradient.ts';

export async function openWasm(): Promise<Runtime> {
  await tf.setBackend('wasm');
  refuseNull();
  for (const name of ['BatchMatMul', '_FusedMatMul']) transposeFirst(name);
  registerFilterGradient('wasm');
  return {
    fingerprint: {
      backend: 'wasm',
      version: `tfjs ${tf.version_core}`,
      device: cpuModel(),
      threads: 1,
      precision: 'float32',
    },
    // This backend copies into its own memory at once.
    upload: (values, shape) => tf.tensor(values, [...shape]),
    memoryLimitBytes,
    draws: createKernelDraws(),
  };
}

const memoryLimitBytes = 2 ** 32 - 2 ** 16; // 65,535 pages, which is what the backend's memory grows to

const guarded = new WeakSet<object>();

type WasmModule = Record<typeof allocator, (bytes: number) => number>;
const allocator = '_malloc'; // as Emscripten exports it

/** No room is an error here; the backend would go on, and write to address 0 or to what a wrapped size gave it. */
function refuseNull(): void {
  const { wasm } = tf.backend() as unknown as { readonly wasm: WasmModule };
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  const allocate = wasm[allocator];
  wasm[allocator] = (bytes) => {
    const address = bytes <= memoryLimitBytes ? allocate(bytes) : 0;
    if (address === 0 && bytes > 0) throw new RangeError(`WebAssembly is out of memory for ${bytes} bytes`);
    return address;
  };
}

const replaced = new Set<string>();

/** Registers a matrix product anew, once: operands to be read transposed are transposed before. */
function transposeFirst(kernelName: string): void {
  if (replaced.has(kernelName)) return;
  replaced.add(kernelName);
  const product = kernelOf(kernelName);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...product,
    kernelFunc({ inputs, attrs, backend }) {
      const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
      const left = transposeA ? transposed(a, backend) : a;
      const right = transposeB ? transposed(b, backend) : b;
      const result = product.kernelFunc({
        inputs: { ...inputs, a: left, b: right },
        attrs: { ...attrs, transposeA: false, transposeB: false },
        backend,
      });
      for (const [temporary, original] of [
        [left, a],
        [right, b],
      ] as const) {
        if (temporary !== original) (backend as tf.KernelBackend).disposeData(temporary.dataId);
      }
      return result;
    },
  });
}

function transposed(x: tf.TensorInfo, backend: object): tf.TensorInfo {
  const axes = x.shape.map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  return kernelOf('Transpose').kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
}

function kernelOf(name: string): tf.KernelConfig {
  const kernel = tf.getKernel(name, 'wasm');
  if (kernel === undefined) throw new Error(`the wasm backend has no kernel ${name}`);
  return kernel;
}

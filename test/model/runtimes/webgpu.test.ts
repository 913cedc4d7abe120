/** WebGPU on a software driver, held against PyTorch, against the plain backend, and against itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { LockstepError } from '../../../shared/errors.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { agreesWithCpu } from '../../support/agreement.ts';
import { runtimeContract } from '../../support/runtime-contract.ts';
import { hasSwiftshader, requiresSwiftshader, swiftshader } from '../../support/swiftshader.ts';

Object.assign(process.env, swiftshader);
const options = { threads: 1, precision: 'float32', allowCpu: true } as const;
const open = () => openRuntime('webgpu', options);

test('a software driver for WebGPU is there', (context) => void requiresSwiftshader(context));

if (hasSwiftshader) {
  runtimeContract('webgpu', open, { isSlow: true });
  agreesWithCpu('webgpu', open, { isSlow: true });
  refusesTheCpu();
  keepsNothingBack();
  failsAloud(); // the last one: nothing can be read afterwards
}

function refusesTheCpu(): void {
  test('webgpu: a device that computes on the CPU is refused, by name, unless it was asked for', async () => {
    const { fingerprint } = await open();
    assert.match(fingerprint.device, /swiftshader/i);
    await assert.rejects(openRuntime('webgpu', { ...options, allowCpu: false }), (error) => {
      assert.ok(error instanceof LockstepError && error.exitCode === 69);
      assert.match(error.message, /^[^\n]*swiftshader[^\n]*--allow-cpu$/i);
      return true;
    });
  });
}

function keepsNothingBack(): void {
  test('webgpu: a small tensor is computed on the device as well, the first time and later', async () => {
    await open();
    const backend = tf.backend() as WebGPUBackend;
    const x = tf.tensor1d([1, 2, 3]);
    const y = tf.mul(x, x);
    assert.ok(backend.tensorMap.get(y.dataId).resource);
    assert.deepEqual([...(await y.data())], [1, 4, 9]);
    tf.dispose([x, y]);
  });
}

function failsAloud(): void {
  test('webgpu: what failed on the device is an error for whoever reads next, never a result', async () => {
    const { upload } = await open();
    const x = upload(Float32Array.of(1, 2), [2]);
    const y = tf.add(x, x);
    const { device } = tf.backend() as WebGPUBackend;
    device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.STORAGE });
    await assert.rejects(y.data(), (error) => error instanceof LockstepError && /WebGPU/.test(error.message));
    await assert.rejects(x.data(), LockstepError);
  });
}

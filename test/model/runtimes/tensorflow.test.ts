/**
 * TensorFlow under TensorFlow.js, held against PyTorch, against the plain JavaScript backend, and against
 * itself in another process.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { readInto, tensorflowBackend } from '../../../shared/model/runtimes/tensorflow-backend.ts';
import { tensorflowEnvironment } from '../../../shared/model/runtimes/tensorflow.ts';
import { agreesWithCpu } from '../../support/agreement.ts';
import { requiresFile } from '../../support/requires.ts';
import { runtimeContract } from '../../support/runtime-contract.ts';

const digestTimeoutMs = 120_000;
const root = new URL('../../../', import.meta.url).pathname;
const addon = `${root}node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node`;
const options = { threads: 1, precision: 'float32', allowCpu: true } as const;
const open = () => openRuntime('tensorflow', options);

test('TensorFlow is set up', (context) => void requiresFile(addon, 'node deploy/setup.mjs', context));

if (existsSync(addon)) {
  runtimeContract('tensorflow', open);
  agreesWithCpu('tensorflow', open);
  twoProcessesAgree();
  readsInPlace();
}

function readsInPlace(): void {
  test('tensorflow: values are read into place, by the addon or without it', async () => {
    const { reader } = await open();
    const backend = tensorflowBackend();
    tf.tidy(() => {
      const sum = tf.add(tf.tensor1d([1, 2, 3]), tf.scalar(0.5));
      const read = (tensor: tf.Tensor): number[] => {
        const out = new Float32Array(5).fill(9);
        reader!.read(tensor, out.subarray(1, 4));
        return [...out];
      };
      assert.deepEqual(read(sum), [9, 1.5, 2.5, 3.5, 9]);
      assert.deepEqual(read(tf.tensor1d([4, 5, 6])), [9, 4, 5, 6, 9], 'one that was never uploaded');
      assert.throws(() => reader!.read(sum, new Float32Array(2)), /12 bytes into an array of 8/);
      const { tensorDataInto: _, ...vendors } = backend.binding;
      const mended = Object.assign(Object.create(backend) as typeof backend, { binding: vendors });
      const out = new Float32Array(3);
      readInto(sum, out, mended);
      assert.deepEqual([...out], [1.5, 2.5, 3.5]);
    });
  });
}

function twoProcessesAgree(): void {
  test('tensorflow: two processes of one thread give the same bits', async () => {
    const digest = async (): Promise<string> => {
      const args = ['--import', 'tsx', 'test/support/gradient-digest.ts', 'tensorflow'];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: root,
        timeout: digestTimeoutMs,
      });
      return stdout;
    };
    const [one, other] = await Promise.all([digest(), digest()]);
    assert.match(one, /^[0-9a-f]{64}\n$/);
    assert.equal(one, other);
  });
}

test('the environment fixes what shapes bits: threads, determinism, precision', () => {
  const { TF_NUM_INTRAOP_THREADS, OMP_NUM_THREADS, ...rest } = tensorflowEnvironment({
    threads: null,
    precision: 'tf32',
  });
  assert.deepEqual([TF_NUM_INTRAOP_THREADS, OMP_NUM_THREADS], ['1', '1']);
  assert.equal(rest['TF_DETERMINISTIC_OPS'], '1');
  assert.equal(rest['NVIDIA_TF32_OVERRIDE'], undefined);
  const float32 = tensorflowEnvironment({ threads: 3, precision: 'float32' });
  assert.equal(float32['NVIDIA_TF32_OVERRIDE'], '0');
  assert.equal(float32['TF_NUM_INTRAOP_THREADS'], '3');
});

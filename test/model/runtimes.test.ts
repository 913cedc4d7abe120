/** Which runtime is opened for which name, and which are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { LockstepError } from '../../shared/errors.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';

const options = { threads: 1, precision: 'float32', allowCpu: true } as const;

test('a runtime that is asked for by name is the one that is opened, one after another', async () => {
  for (const name of ['cpu', 'wasm', 'cpu'] as const) {
    const runtime = await openRuntime(name, options);
    assert.equal(runtime.fingerprint.backend, name);
    assert.equal(tf.getBackend(), name);
  }
});

test('webgpu is refused with what to take instead', () =>
  assert.rejects(
    openRuntime('webgpu', options),
    (error) => error instanceof LockstepError && error.exitCode === 69 && /--runtime/.test(error.message),
  ));

test('auto opens one of those that train fast', async () => {
  const { fingerprint } = await openRuntime('auto', options);
  assert.ok(['tensorflow', 'wasm'].includes(fingerprint.backend));
});

/** Which runtime is opened for which name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { openRuntime } from '../../shared/model/runtimes.ts';

const options = { threads: 1, precision: 'float32', allowCpu: true } as const;

test('a runtime that is asked for by name is the one that is opened, one after another', async () => {
  for (const name of ['cpu', 'wasm', 'cpu'] as const) {
    const runtime = await openRuntime(name, options);
    assert.equal(runtime.fingerprint.backend, name);
    assert.equal(tf.getBackend(), name);
  }
});

test('auto opens one of those that train fast everywhere, which webgpu does not', async () => {
  const { fingerprint } = await openRuntime('auto', options);
  assert.ok(['tensorflow', 'wasm'].includes(fingerprint.backend));
});

/** The number of workers where none is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerCountOf } from '../../../deploy/cli/worker-count.ts';

test('a number that is given counts, whatever computes', () => {
  for (const runtime of ['auto', 'webgpu', 'cpu'] as const)
    assert.equal(workerCountOf({ workers: 3, runtime }), 3);
});

test('webgpu has one worker, since all of them would take the same GPU; others have one or more', () => {
  assert.equal(workerCountOf({ workers: null, runtime: 'webgpu' }), 1);
  assert.ok(workerCountOf({ workers: null, runtime: 'auto' }) >= 1);
});

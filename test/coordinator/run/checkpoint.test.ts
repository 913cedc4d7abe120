import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { encodeInfo } from '../../../coordinator/run/checkpoint-info.ts';
import {
  frozenParameters,
  readCheckpointInfo,
  readSnapshot,
  writeSnapshot,
} from '../../../coordinator/run/checkpoint.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { sha256OfValues, writeSafetensors } from '../../../shared/data/safetensors.ts';
import { initialiseFrozen } from '../../../shared/math/initialise.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import { createLayout } from '../../../shared/math/layout.ts';
import { python, requires } from '../../support/requires.ts';
import {
  anySnapshot,
  assertSameBits,
  smallFrozen,
  smallModel,
  snapshotAt,
  someFacts,
} from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const refused = (path: string): void => {
  assert.throws(
    () => readSnapshot(path),
    (error) => error instanceof LockstepError && error.exitCode === 65,
  );
};

test('a snapshot comes back bit for bit', async () => {
  const path = join(temporaryFolder(), 'a.safetensors');
  await fc.assert(
    fc.asyncProperty(anySnapshot, fc.boolean(), async (snapshot, best) => {
      const digest = await writeSnapshot(path, snapshot, { ...someFacts, best }, smallFrozen);
      const checkpoint = readSnapshot(path);
      assertSameBits(checkpoint.snapshot, snapshot);
      assertSameBits(checkpoint.frozen, smallFrozen);
      const { progress, model, basis } = snapshot;
      const facts = basis && { whiten: basis.whiten, totalVariance: basis.totalVariance };
      const info = { ...someFacts, best, progress, model, basis: facts, parametersSha256: digest };
      assertSameBits(checkpoint.info, info);
      assertSameBits(readCheckpointInfo(path), info);
      assert.equal(digest, sha256OfValues(snapshot.parameters));
    }),
    { numRuns: 40 },
  );
});

test('a checkpoint that is cut short anywhere is refused', async () => {
  const path = join(temporaryFolder(), 'a.safetensors');
  await writeSnapshot(path, snapshotAt(3), someFacts, smallFrozen);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length += 31) {
    writeFileSync(path, whole.subarray(0, length));
    refused(path);
  }
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1)]));
  refused(path);
});

test('a flipped bit is found, wherever it is', async () => {
  const path = join(temporaryFolder(), 'a.safetensors');
  await writeSnapshot(path, snapshotAt(5), someFacts, smallFrozen);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += at < 100 ? 1 : 7) {
    const mask = 1 << (at % 8);
    bytes[at]! ^= mask;
    writeFileSync(path, bytes);
    refused(path);
    bytes[at]! ^= mask;
  }
  writeFileSync(path, bytes);
  readSnapshot(path);
});

test('a checkpoint whose arrays are not those of its model is refused', async () => {
  const path = join(temporaryFolder(), 'a.safetensors');
  const { progress, model } = snapshotAt(1);
  const info = { ...someFacts, progress, model, basis: null, parametersSha256: '0'.repeat(64) };
  await writeSafetensors(
    path,
    [{ name: 'a/bias', shape: [3], values: new Float32Array(3) }],
    encodeInfo(info),
  );
  assert.throws(() => readSnapshot(path), { exitCode: 65, message: /a\/kernel is missing|head is missing/ });
});

test('frozen parameters are those that every worker makes from the seed', () => {
  const kernels = createKernels(4096);
  const offset = kernels.allocate(16);
  initialiseFrozen(createLayout(smallModel.parameters), 7, kernels, offset);
  const made = frozenParameters(smallModel, 7, createKernels);
  assertSameBits(made, kernels.float32(offset, 4));
  assert.notDeepEqual(made, frozenParameters(smallModel, 8, createKernels));
  assert.equal(frozenParameters({ ...smallModel, parameters: [] }, 7, createKernels).length, 0);
});

test('Python reads a checkpoint without this program', async (context) => {
  if (!requires('safetensors', context)) return;
  const path = join(temporaryFolder(), 'a.safetensors');
  const snapshot = { ...snapshotAt(9), statistics: Float32Array.from({ length: 10 }, (_, i) => i) };
  snapshot.parameters.set([1, 2, 3, 4, 5, 6]);
  await writeSnapshot(path, snapshot, someFacts, smallFrozen);
  const script = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], framework="numpy") as file:
    metadata = file.metadata()
    print(json.dumps({"names": sorted(file.keys()), "step": metadata["step"], "version": metadata["version"],
        "kernel": file.get_tensor("a/kernel").tolist(), "head": file.get_tensor("head").tolist(),
        "variance": file.get_tensor("statistics/a/variance").tolist(),
        "dtype": str(file.get_tensor("adam.v/a/bias").dtype)}))
`;
  const { stdout, stderr } = spawnSync(python, ['-c', script, path], { encoding: 'utf8' });
  assert.equal(stderr, '');
  const { names, ...read } = JSON.parse(stdout) as { names: string[] };
  assert.ok(
    ['a/bias', 'adam.m/a/kernel', 'adam.v/a/bias', 'head', 'statistics/input/mean'].every((name) =>
      names.includes(name),
    ),
  );
  const expected = {
    step: '9',
    version: '1',
    kernel: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    head: [0.5, -0, 1, 2],
    variance: [7, 8, 9],
  };
  assert.deepEqual(read, { ...expected, dtype: 'float32' });
});

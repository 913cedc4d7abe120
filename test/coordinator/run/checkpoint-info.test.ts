import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeInfo, encodeInfo, type CheckpointInfo } from '../../../coordinator/run/checkpoint-info.ts';
import { assertSameBits, someFacts, smallModel, snapshotAt } from '../../support/snapshots.ts';

const info: CheckpointInfo = {
  ...someFacts,
  progress: snapshotAt(12).progress,
  model: smallModel,
  basis: { whiten: true, totalVariance: 0.1 },
  parametersSha256: 'ab'.repeat(32),
};

test('what a checkpoint says about itself comes back equal', () => {
  assertSameBits(decodeInfo('x', encodeInfo(info)), info);
  assert.deepStrictEqual(decodeInfo('x', encodeInfo({ ...info, basis: null, best: true })).best, true);
});

test('another format and another version are named as that, whatever else is wrong', () => {
  assert.throws(() => decodeInfo('some.safetensors', {}), /some\.safetensors is no checkpoint of lockstep/);
  const later = { format: 'lockstep-checkpoint', version: '2' };
  assert.throws(() => decodeInfo('x', later), {
    message: /format version 2, expected 1; use the version/,
    exitCode: 65,
  });
});

test('any entry that is missing or malformed is refused by name, in one line', () => {
  const metadata = encodeInfo(info);
  for (const key of Object.keys(metadata).filter((name) => name !== 'format' && name !== 'version')) {
    const { [key]: _, ...missing } = metadata;
    for (const wrong of [missing, { ...metadata, [key]: '{"' }]) {
      if (wrong !== missing && ['runId', 'dataHash', 'backend'].includes(key)) continue; // any text will do
      assert.throws(
        () => decodeInfo('x', wrong),
        (error: Error) => {
          assert.match(error.message, new RegExp(`^x describes itself wrongly: .*${key}`));
          return !error.message.includes('\n');
        },
      );
    }
  }
});

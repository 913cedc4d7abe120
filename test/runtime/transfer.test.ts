import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginTransfer, extendTransfer } from '../../shared/runtime/transfer.ts';

test('a transfer lasts from its beginning to its last chunk, and counts what it brought', () => {
  const transfer = beginTransfer(7, 'parameters', 100);
  assert.equal(transfer.endedMs, 100, 'nothing yet');
  for (const [chunk, endedMs] of [
    [0, 110],
    [1, 125],
  ] as const)
    extendTransfer(
      transfer,
      { type: 'array', array: 'parameters', version: 7, chunk, values: new Float32Array(10) },
      endedMs,
    );
  assert.deepEqual(transfer, {
    of: 7,
    name: 'parameters',
    beganMs: 100,
    endedMs: 125,
    chunks: 2,
    bytes: 80,
  });
});

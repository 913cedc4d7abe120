import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letGo } from '../../shared/transport/let-go.ts';

test('what was let go of is empty, and its memory given back at once', () => {
  const before = process.memoryUsage().arrayBuffers;
  const bytes = new Uint8Array(1 << 26);
  const view = new Float32Array(bytes.buffer);
  letGo(bytes);
  assert.equal(bytes.byteLength, 0);
  assert.equal(view.length, 0);
  assert(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLettingGo, letGo } from '../../shared/transport/let-go.ts';

test('what was let go of is empty, and its memory given back at once', () => {
  const before = process.memoryUsage().arrayBuffers;
  const bytes = new Uint8Array(1 << 26);
  const view = new Float32Array(bytes.buffer);
  letGo(bytes);
  assert.equal(bytes.byteLength, 0);
  assert.equal(view.length, 0);
  assert(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('of a message the large parts are let go of, and every few of them the event loop goes round', async () => {
  let turns = 0;
  const letGoOf = createLettingGo(async () => void (turns += 1));
  const small = new Uint8Array(100);
  for (let count = 0; count < 16; count++) {
    const large = new Uint8Array(1 << 22);
    await letGoOf([small, large]);
    assert.equal(large.byteLength, 0);
  }
  assert.equal(small.byteLength, 100);
  assert.equal(turns, 4, '64 MiB');
});

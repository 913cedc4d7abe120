import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair } from '../../shared/transport/zeromq.ts';
import { encodeZ85, keyPattern } from '../../shared/transport/z85.ts';

test("RFC 32's own example, and keys as the library writes them", () => {
  assert.equal(encodeZ85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b)), 'HelloWorld');
  assert.equal(encodeZ85(new Uint8Array(4).fill(0xff)), '%nSc0');
  const { publicKey, secretKey } = createKeyPair();
  assert.match(publicKey, keyPattern);
  assert.match(secretKey, keyPattern);
  assert.doesNotMatch(`${publicKey.slice(1)}"`, keyPattern);
});

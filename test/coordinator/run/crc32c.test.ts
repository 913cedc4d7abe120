import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, maskedCrc32c } from '../../../coordinator/run/crc32c.ts';

test('the vectors of RFC 3720, appendix B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  const vectors: readonly (readonly [Uint8Array, number])[] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.toReversed(), 0x113fdb5c],
    [Buffer.from('123456789'), 0xe3069283],
  ];
  for (const [bytes, crc] of vectors) assert.equal(crc32c(bytes), crc);
});

test('the masked CRC is rotated by 15 bits and moved by a constant', () => {
  // The length of TensorFlow's usual first record, 24 bytes, and the CRC that stands behind it in any event file.
  const length = Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0);
  assert.equal(Buffer.from(Uint32Array.of(maskedCrc32c(length)).buffer).toString('hex'), 'a37f4b22');
});

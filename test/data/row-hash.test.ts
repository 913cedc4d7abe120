/** The identity of a data set: every part of it counts, and how its rows were cut into blocks does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRowHasher } from '../../shared/data/row-hash.ts';

const rows = Uint8Array.from({ length: 48 }, (_, i) => i);
const shape = { height: 2, width: 2, channels: 3 };
const hash = (blocks: Uint8Array[], image = shape, count = 4, labels: Uint8Array | null = null): string => {
  const hasher = createRowHasher();
  blocks.forEach((block) => hasher.update(block));
  return hasher.digest(image, count, labels);
};

test('blocks of any size give the same hash', () => {
  assert.equal(hash([rows]), hash([rows.subarray(0, 12), rows.subarray(12, 36), rows.subarray(36)]));
});

test('rows, shape, count and labels each change it, and none is not zeros', () => {
  const hashes = [
    hash([rows]),
    hash([rows.map((value) => value ^ (value === 7 ? 1 : 0))]),
    hash([rows], { height: 2, width: 3, channels: 2 }),
    hash([rows], shape, 5),
    hash([rows], shape, 4, new Uint8Array(4)),
    hash([rows], shape, 4, Uint8Array.of(0, 0, 0, 1)),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
  hashes.forEach((value) => assert.match(value, /^[0-9a-f]{64}$/));
});

test('it is part of the format: it never changes', () => {
  assert.equal(
    hash([rows], shape, 4, Uint8Array.of(1, 2, 3, 4)),
    'af298235c7c1f16f1f1241f2305372465267f1a74e93957cdb55441ff2c1064b',
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checksumOf } from '../../shared/math/checksum.ts';
import { createKernels } from '../../shared/math/kernels.ts';

/** As assembly/checksum.ts says it, one word at a time. */
function plainChecksum(bytes: Uint8Array): number {
  const lanes = new Int32Array(16);
  const padded = new Uint8Array(Math.ceil(bytes.length / 64) * 64);
  padded.set(bytes);
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 4) {
    const mixed = lanes[(at / 4) % 16]! ^ words.getInt32(at, true);
    lanes[(at / 4) % 16] = Math.imul((mixed << 13) | (mixed >>> 19), 0x9e3779b1);
  }
  let sum = bytes.length;
  for (const lane of lanes) {
    const mixed = sum ^ lane;
    sum = Math.imul((mixed << 17) | (mixed >>> 15), 0x85ebca77);
  }
  sum = Math.imul(sum ^ (sum >>> 15), 0x9e3779b1);
  return (sum ^ (sum >>> 13)) >>> 0;
}

const seeded = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) + seed) >>> 13);

test('the kernel and the plain words agree, whatever the length', () => {
  for (const length of [0, 1, 3, 63, 64, 65, 4096, 131_071, 131_072, 131_073, 400_001]) {
    const bytes = seeded(length, 7);
    assert.equal(checksumOf(bytes), plainChecksum(bytes), `${length} bytes`);
  }
});

test('bytes in the memory of kernels have the checksum that they have anywhere else', () => {
  const kernels = createKernels(1 << 20);
  const offset = kernels.allocate(1 << 20);
  for (const [length, shift] of [
    [0, 0],
    [1, 3],
    [64, 0],
    [65, 1],
    [131_073, 8],
    [1_000_001, 17],
  ] as const) {
    const bytes = seeded(length, 11);
    const inPlace = new Uint8Array(kernels.memory.buffer, offset + shift, length);
    inPlace.set(bytes);
    assert.equal(checksumOf(inPlace), checksumOf(bytes), `${length} bytes`);
    assert.deepEqual(inPlace, bytes, 'they are only read');
  }
});

test('a change within one word is always seen, and so is a cut or zeros at the end', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 300_000 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (length, where, change) => {
        const bytes = seeded(length + 1, 3);
        const before = checksumOf(bytes);
        assert.notEqual(checksumOf(bytes.subarray(0, length)), before);
        assert.notEqual(
          checksumOf(new Uint8Array([...bytes.subarray(0, 100), 0])),
          checksumOf(bytes.subarray(0, 100)),
        );
        bytes[where % bytes.length]! ^= change;
        assert.notEqual(checksumOf(bytes), before);
      },
    ),
    { numRuns: 200 },
  );
});

test('words that change places are seen', () => {
  const bytes = seeded(4096, 1);
  const before = checksumOf(bytes);
  for (const distance of [4, 64, 128, 1024]) {
    const swapped = bytes.slice();
    swapped.copyWithin(0, distance, distance + 4);
    swapped.set(bytes.subarray(0, 4), distance);
    assert.notEqual(checksumOf(swapped), before, `${distance} bytes apart`);
  }
});

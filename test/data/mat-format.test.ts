/** The header of a MATLAB file says what it is: only little-endian Level 5 passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFileHeader, parseTag, storageOf } from '../../shared/data/mat-format.ts';
import { refuses } from '../support/collect.ts';
import { storedParts } from '../support/golden-mat.ts';

test('the header that scipy writes passes', () => checkFileHeader(storedParts().header, 'a.mat'));

const headers: readonly [string, (header: Buffer) => Buffer, readonly string[]][] = [
  ['v7.3', (h) => (h.write('MATLAB 7.3 MAT-file'), h), ['at byte 0', 'a v7.3 (HDF5) file', "save(..., '-v7')"]],
  ['bare HDF5', () => Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), ['a v7.3 (HDF5) file']],
  ['v4', () => Buffer.alloc(128), ['at byte 0', 'a v4 file, or none of MATLAB']],
  ['big-endian', (h) => (h.write('MI', 126), h), ['at byte 126', 'a big-endian file', 'a little-endian one']],
  ['text', () => Buffer.alloc(128, 'hello '), ['at byte 124', 'version 0x', '"IM"']],
  ['another version', (h) => (h.writeUInt16LE(0x200, 124), h), ['version 0x200', 'version 0x100']],
  ['cut', (h) => h.subarray(0, 90), ['a file of 90 bytes', 'at least a header of 128']],
]; // prettier-ignore

for (const [name, change, parts] of headers) {
  test(`a header of ${name} is refused`, () =>
    refuses(async () => checkFileHeader(change(storedParts().header), 'a.mat'), ['a.mat: ', ...parts]));
}

test('a tag is small where its upper half counts bytes', () => {
  const tag = (...words: number[]) => parseTag(new DataView(Uint32Array.from(words).buffer));
  assert.deepEqual(tag(2, 720), { type: 2, bytes: 720, small: false });
  assert.deepEqual(tag(0x0004_0001, 0), { type: 1, bytes: 4, small: true });
});

test('every storage type reads back what a typed array wrote', () => {
  const types: readonly [number, ArrayBufferView, number][] = [
    [1, Int8Array.of(-5), -5],
    [2, Uint8Array.of(250), 250],
    [3, Int16Array.of(-300), -300],
    [4, Uint16Array.of(65_000), 65_000],
    [5, Int32Array.of(-70_000), -70_000],
    [6, Uint32Array.of(4_000_000_000), 4_000_000_000],
    [7, Float32Array.of(0.5), 0.5],
    [9, Float64Array.of(0.1), 0.1],
    [12, BigInt64Array.of(-9n), -9],
    [13, BigUint64Array.of(9n), 9],
  ];
  for (const [type, array, value] of types) {
    const storage = storageOf(type);
    assert.equal(storage?.bytes, array.byteLength);
    assert.equal(storage?.read(new DataView(array.buffer), 0), value);
  }
  assert.equal(storageOf(14), undefined);
});

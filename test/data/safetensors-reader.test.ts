import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LockstepError } from '../../shared/errors.ts';
import {
  arrayTypes,
  isDtype,
  sha256OfValues,
  writeSafetensors,
  type TensorValues,
} from '../../shared/data/safetensors.ts';
import { openSafetensors } from '../../shared/data/safetensors-reader.ts';
import { temporaryFolder } from '../support/temporary.ts';

const refusal =
  (pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof LockstepError, String(error));
    assert.equal(error.exitCode, 65);
    assert.match(error.message, pattern);
    return true;
  };

/** Opens a file of these bytes, and reads all of it. */
function readAll(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const file = openSafetensors(path);
  try {
    file.verify();
    for (const name of file.tensors.keys()) file.read(name);
  } finally {
    file.close();
  }
}

/** A file with this header and so many bytes of arrays. */
function fileOf(header: unknown, dataBytes: number, claimed?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]);
}

const pathIn = (): string => join(temporaryFolder(), 'a.safetensors');

test('any arrays and strings come back bit for bit', async () => {
  const path = pathIn();
  const dtypes = Object.keys(arrayTypes).filter(isDtype);
  const tensor = fc.tuple(fc.constantFrom(...dtypes), fc.uint8Array({ maxLength: 64 }));
  const names = fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => name !== '__metadata__');
  const key = fc.string({ maxLength: 6 }).filter((text) => text !== 'sha256' && text !== '__proto__');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 6 }),
      fc.dictionary(key, fc.string(), { noNullPrototype: true }),
      async (list, metadata) => {
        const tensors = list.map(([name, [dtype, bytes]]) => {
          const size = arrayTypes[dtype].BYTES_PER_ELEMENT;
          const buffer = bytes.slice(0, bytes.length - (bytes.length % size)).buffer;
          const values = new arrayTypes[dtype](buffer) as TensorValues;
          return { name, shape: [values.length], values };
        });
        await writeSafetensors(path, tensors, metadata);
        const file = openSafetensors(path);
        try {
          file.verify();
          const { sha256: _, ...strings } = file.metadata;
          assert.deepEqual(strings, metadata);
          assert.equal(file.tensors.size, tensors.length);
          for (const { name, shape, values } of tensors) {
            assert.deepEqual(file.tensors.get(name)?.shape, shape);
            assert.equal(sha256OfValues(file.read(name)), sha256OfValues(values));
          }
        } finally {
          file.close();
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('a file that is cut short, or has one bit flipped, is refused, wherever it is', async () => {
  const path = pathIn();
  await writeSafetensors(
    path,
    [{ name: 'a', shape: [3, 5], values: Float32Array.from({ length: 15 }, Math.sqrt) }],
    { k: 'v' },
  );
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length += 3) {
    assert.throws(() => readAll(path, whole.subarray(0, length)), refusal(/./), `cut at ${length}`);
  }
  for (let bit = 0; bit < 8 * whole.length; bit += 7) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => readAll(path, damaged), refusal(/./), `bit ${bit}`);
  }
  readAll(path, whole);
});

test('nothing is believed before it agrees with the size of the file', () => {
  const path = pathIn();
  const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.alloc(0), /has 0 bytes, expected at least 8/],
    [fileOf({}, 0, 2n ** 63n), /header claims 9223372036854775808 bytes/],
    [fileOf('{"a":', 0), /not JSON/],
    [fileOf('[]', 0), /not a JSON object/],
    [fileOf({ __metadata__: { a: 1 } }, 0), /does not map strings to strings/],
    [fileOf({ a: entry('F16', [1], 0, 2) }, 2), /is F16, expected one of F32, F64, U8, I64/],
    [fileOf({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 8) }, 8), /is given 8 bytes, but F32 .* takes/],
    [fileOf({ a: entry('F32', [-1], 0, 4) }, 4), /malformed/],
    [fileOf({ a: entry('F32', [1.5], 0, 6) }, 6), /malformed/],
    [fileOf({ a: entry('F32', [1], 4, 8) }, 8), /begins at byte \d+, expected \d+: a gap or an overlap/],
    [fileOf({ a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) }, 8), /a gap or an overlap/],
    [fileOf({ a: entry('F32', [1], 0, 4) }, 8), /tensors end at byte \d+, the file at \d+/],
    [fileOf({ a: entry('F32', [1], 0, 4) }, 4), /carries no digest/],
    [fileOf({ __metadata__: { sha256: '0'.repeat(64) } }, 0), /SHA-256/],
    [
      fileOf({ __metadata__: { a: 'b', sha256: '0'.repeat(64) } }, 0),
      /digest is not where this program puts it/,
    ],
  ];
  for (const [bytes, pattern] of cases)
    assert.throws(() => readAll(path, bytes), refusal(pattern), String(pattern));
});

test('arrays are read into an array of their own kind and length alone', async (context) => {
  const path = pathIn();
  await writeSafetensors(path, [{ name: 'a', shape: [2], values: Float32Array.of(1, 2) }], {});
  const file = openSafetensors(path);
  context.after(() => file.close());
  const out = new Float32Array(4);
  file.readInto('a', out.subarray(1, 3));
  assert.deepEqual(out, Float32Array.of(0, 1, 2, 0));
  assert.throws(() => file.readInto('a', new Float32Array(3)), refusal(/is F32 x 2, expected F32 x 3/));
  assert.throws(() => file.readInto('a', new Float64Array(2)), refusal(/is F32 x 2, expected F64 x 2/));
  assert.throws(() => file.read('b'), refusal(/holds no tensor b/));
});

test('a file that is missing, and a folder, are refused by name', () => {
  const folder = temporaryFolder();
  assert.throws(() => openSafetensors(join(folder, 'none')), refusal(/none cannot be opened: ENOENT/));
  assert.throws(() => openSafetensors(folder), refusal(/not a readable safetensors file: EISDIR/));
});

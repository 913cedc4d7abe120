/**
 * Damage to MATLAB files: one change to a whole file, and the refusal that it must meet, for a file that is stored
 * and for one that is compressed; then changes at random, which may meet any refusal, but nothing else.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMat } from '../../shared/data/mat.ts';
import { collect, refuses, staysTyped } from '../support/collect.ts';
import { compressed, goldenMat, goldenRows, storedParts } from '../support/golden-mat.ts';
import { temporaryFolder } from '../support/temporary.ts';

type Parts = ReturnType<typeof storedParts>;

function written(content: Uint8Array): string {
  const path = join(temporaryFolder(), 'changed.mat');
  writeFileSync(path, content);
  return path;
}

/** Offsets within an element X: tag 0, flags 8, dimensions 24, name 48, tag of values 56, values 64. */
const changes: readonly [string, (parts: Parts) => void, readonly string[]][] = [
  ['flags of another type', ({ x }) => x.writeUInt32LE(4, 8), ['element of type 4', 'array flags (type 6)']],
  ['flags of another length', ({ x }) => x.writeUInt32LE(4, 12), ['4 bytes of array flags', 'expected 8']],
  ['no dimensions', ({ x }) => x.writeUInt32LE(0, 28), ['dimensions ', 'at least two']],
  ['a negative dimension', ({ x }) => x.writeInt32LE(-5, 32), ['dimensions -5 x 4 x 3 x 12', 'none negative']],
  ['absurd dimensions', ({ x }) => x.writeInt32LE(2 ** 30, 32), ['X of 1073741824 x 4 x 3 x 12', '16777216']],
  ['absurdly many images', ({ x }) => x.writeInt32LE(2 ** 30, 44), ['720 bytes of type 2', '64424509440 bytes']],
  ['fewer images than values', ({ x }) => x.writeInt32LE(11, 44), ['720 bytes of type 2', '660 bytes']],
  ['a name of another type', ({ x }) => x.writeUInt16LE(9, 48), ['element of type 9', 'a name (type 1 or 16)']],
  ['a small element of five bytes', ({ x }) => x.writeUInt16LE(5, 50), ['small element of 5', 'at most 4']],
  ['values of another type', ({ x }) => x.writeUInt32LE(1, 56), ['720 bytes of type 1', '720 bytes of type 2']],
  ['values beyond the array', ({ x }) => x.writeUInt32LE(800, 60), ['an element of 800 bytes', 'the 720 left']],
  ['an array shorter than its parts', ({ x }) => x.writeUInt32LE(40, 4), ['an array that ends after', 'more']],
  ['labels of a type without numbers', ({ y }) => y.writeUInt32LE(99, 48), ['12 bytes of type 99', '12 numbers']],
  ['labels of another length', ({ y }) => y.writeUInt32LE(11, 52), ['11 bytes of type 2 for y', '12 numbers']],
]; // prettier-ignore

for (const [name, change, parts] of changes) {
  test(`${name}: ${parts.join(', ')}`, async () => {
    const { header, x, y } = storedParts();
    change({ header, x, y });
    for (const element of [(bytes: Buffer) => bytes, compressed]) {
      const path = written(Buffer.concat([header, element(x), element(y)]));
      await refuses(() => readMat(path, collect()), [`${path}: at byte `, ...parts]);
    }
  });
}

test('a file cut anywhere is refused', async () => {
  for (const name of ['stored', 'compressed']) {
    const whole = readFileSync(goldenMat(name));
    const elementEnds = [128 + 8 + whole.readUInt32LE(132), whole.length];
    for (let length = 1; length < whole.length; length += 7) {
      if (elementEnds.includes(length)) continue;
      const path = written(whole.subarray(0, length));
      await refuses(() => readMat(path, collect()), [`${path}: at byte `, 'expected ']);
    }
  }
});

test('the length that a compressed array declares is held against what it inflates to', async () => {
  const { header, x } = storedParts();
  const longer = Buffer.concat([x, Buffer.alloc(16)]);
  const path = written(Buffer.concat([header, compressed(longer)]));
  await refuses(() => readMat(path, collect()), ['inflated byte 784', 'more data', '784 bytes as declared']);
  longer.writeUInt32LE(longer.length - 8, 4);
  writeFileSync(path, Buffer.concat([header, compressed(longer)]));
  await refuses(() => readMat(path, collect()), ['16 bytes behind the values', 'the end of the array']);
  const vast = Buffer.from(x);
  vast.writeUInt32LE(2 ** 31, 4);
  writeFileSync(path, Buffer.concat([header, compressed(vast)]));
  await refuses(
    () => readMat(path, collect()),
    ['an array of 2147483648 bytes', /at most \d+ from \d+ stored/],
  );
});

test('compressed data that is damaged, or followed by more, is refused', async () => {
  const { header, x } = storedParts();
  const element = compressed(x);
  const checksum = Buffer.from(element);
  checksum[element.length - 1]! ^= 1;
  const path = written(Buffer.concat([header, checksum]));
  await refuses(() => readMat(path, collect()), ['incorrect data check', 'whole compressed data']);
  const trailed = Buffer.concat([element, Buffer.alloc(24, 7)]);
  trailed.writeUInt32LE(trailed.length - 8, 4);
  writeFileSync(path, Buffer.concat([header, trailed]));
  await refuses(() => readMat(path, collect()), [`got compressed data of ${element.length - 8} bytes`]);
});

test('elements that are no variables, and elements beyond the file, are refused', async () => {
  const { header, x, y } = storedParts();
  const path = written(Buffer.concat([header, x, Buffer.from([3, 0, 0, 0, 0, 0, 0, 0])]));
  await refuses(() => readMat(path, collect()), ['element of type 3', 'a variable (type 14 or 15)']);
  y.writeUInt32LE(4_000_000_000, 4);
  writeFileSync(path, Buffer.concat([header, x, y]));
  await refuses(
    () => readMat(path, collect()),
    ['a file that ends after 984 bytes', 'up to byte 4000000920'],
  );
});

test('bytes changed at random give the images or a refusal, never anything else', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'fuzz.mat');
  const { header, x, y } = storedParts();
  const change = fc.tuple(fc.nat(), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (edits, deflated) => {
        const body = Buffer.concat([x, y]);
        for (const [at, value] of edits) body[at % 80 < 64 ? at % 64 : at % body.length] = value;
        const parts = deflated
          ? [compressed(body.subarray(0, x.length)), compressed(body.subarray(x.length))]
          : [body];
        writeFileSync(path, Buffer.concat([header, ...parts]));
        await staysTyped(() => readMat(path, collect()));
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

test('a flipped bit of a compressed file never passes', async () => {
  const whole = readFileSync(goldenMat('compressed'));
  const folder = temporaryFolder();
  const path = join(folder, 'bit.mat');
  const xEnd = 136 + whole.readUInt32LE(132);
  for (let at = 136; at < xEnd; at += 3) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1 << (at % 8);
    writeFileSync(path, flipped);
    const sink = collect();
    const outcome = await readMat(path, sink).then(
      () => 'read',
      () => 'refused',
    );
    if (outcome === 'read') assert.deepEqual(sink.rows(), goldenRows(), `byte ${at}`); // bits that mean nothing
  }
});

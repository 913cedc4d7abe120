/** Images of MATLAB files: what scipy wrote is read to the byte, and what is not images is refused by name. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMat } from '../../shared/data/mat.ts';
import { collect, refuses } from '../support/collect.ts';
import { goldenCount, goldenImage, goldenLabels, goldenMat, goldenRows } from '../support/golden-mat.ts';
import { compressed, storedParts } from '../support/golden-mat.ts';
import { temporaryFolder } from '../support/temporary.ts';

for (const name of ['compressed', 'stored', 'labels-first', 'labels-int32', 'other-variables']) {
  test(`scipy's ${name} file gives the images and labels that went into it, 10 as 0`, async () => {
    const sink = collect();
    assert.deepEqual(await readMat(goldenMat(name), sink), goldenLabels());
    assert.deepEqual(sink.shape, goldenImage);
    assert.equal(sink.rowCount, goldenCount);
    assert.deepEqual(sink.rows(), goldenRows());
  });
}

test('labels are optional', async () => {
  const sink = collect();
  assert.equal(await readMat(goldenMat('unlabelled'), sink), null);
  assert.deepEqual(sink.rows(), goldenRows());
});

test('one channel and one image are shapes like any other', async () => {
  const [grey, one] = [collect(), collect()];
  await readMat(goldenMat('grey'), grey);
  assert.deepEqual(grey.shape, { ...goldenImage, channels: 1 });
  assert.deepEqual(grey.rows(), goldenRows(1));
  assert.deepEqual(await readMat(goldenMat('one-image'), one), Uint8Array.of(0));
  assert.deepEqual(one.rows(), goldenRows(3, 1));
});

const refusals: Record<string, readonly string[]> = {
  complex: ['X of class complex double', 'uint8, real'],
  double: ['X of class double', 'uint8, real'],
  logical: ['X of class logical uint8', 'uint8, real'],
  cell: ['X of class cell', 'uint8, real'],
  'three-dimensions': ['X of 5 x 4 x 12', 'height x width x channels x images'],
  'no-images': ['X of 5 x 4 x 3 x 0', 'images of 1 to 16777216 bytes'],
  'label-count': ['y of 11 x 1', '12 x 1, a label for each image'],
  'label-count-first': ['11 labels in y', '12, as X has images'],
  'label-shape': ['y of 12 x 2', '12 x 1'],
  'label-fraction': ['label 10.5 of image 0', 'a whole number from 0 to 255'],
  'label-negative': ['label -10 of image 0', 'a whole number from 0 to 255'],
  'no-x': ['only images, y', 'a variable X with images'],
  'version-4': ['at byte 0', 'a v4 file', 'a MATLAB Level 5 file', '-v7'],
};

for (const [name, parts] of Object.entries(refusals)) {
  test(`scipy's file of ${name} is refused: ${parts[0]}`, async () => {
    const path = goldenMat(`refused-${name}`);
    await refuses(() => readMat(path, collect()), [`${path}: at byte `, 'expected ', ...parts]);
  });
}

test('a second X is refused, wherever it comes', async () => {
  const path = join(temporaryFolder(), 'twice.mat');
  const { header, x, y } = storedParts();
  writeFileSync(path, Buffer.concat([header, x, y, compressed(x)]));
  await refuses(() => readMat(path, collect()), ['a second variable X', 'expected one']);
});

test('labels are not sized by what a header says: 2^32 of them before any X are refused', async () => {
  const path = join(temporaryFolder(), 'many.mat');
  const { header, x, y } = storedParts();
  const vast = Buffer.concat([y, Buffer.alloc(2 ** 23)]); // compresses to almost nothing
  vast.writeUInt32LE(vast.length - 8, 4);
  vast.writeInt32LE(2 ** 31 - 1, 32); // dimensions
  vast.writeUInt32LE(2 ** 31 - 1, 52); // bytes of the values
  writeFileSync(path, Buffer.concat([header, compressed(vast), x]));
  const before = process.memoryUsage().arrayBuffers;
  await refuses(() => readMat(path, collect()), ['an element of 2147483647 bytes', 'at most the 8388']);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 28);
});

/** Synthetic street digits: a pure function of seed and index, and pictures of digits that can be told apart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createPainter,
  pushSynthetic,
  syntheticRows,
  syntheticVersion,
} from '../../shared/data/synthetic.ts';
import { collect } from '../support/collect.ts';

const paint = (seed: number, index: number): { row: Uint8Array; label: number } => {
  const row = new Uint8Array(3072);
  return { label: createPainter(seed).paint(index, row), row };
};

test('image i is a pure function of (seed, i): order and what came before change no byte', () => {
  const painter = createPainter(3);
  fc.assert(
    fc.property(fc.nat(1_000_000), (index) => {
      const row = new Uint8Array(3072).fill(77);
      assert.equal(painter.paint(index, row), paint(3, index).label);
      assert.deepEqual(row, paint(3, index).row);
    }),
    { numRuns: 40 },
  );
});

test('more rows begin with the same rows and labels', async () => {
  const [few, many] = [collect(), collect()];
  const short = await pushSynthetic(90, 4, few); // blocks of 85
  const long = await pushSynthetic(200, 4, many);
  assert.deepEqual(many.rows().subarray(0, 90 * 3072), few.rows());
  assert.deepEqual(long.labels!.subarray(0, 90), short.labels);
  assert.equal(many.rows().length, 200 * 3072);
});

test('seeds and indices give different images', () => {
  const images = [0, 1, 2 ** 32 - 1].flatMap((seed) =>
    [0, 1, 2].map((i) => Buffer.from(paint(seed, i).row).toString('hex')),
  );
  assert.equal(new Set(images).size, images.length);
});

test('the images of this version never change', () => {
  const labels = new Uint8Array(100);
  const hash = createHash('sha256');
  for (const block of syntheticRows(100, 1, labels)) hash.update(block);
  hash.update(labels);
  const expected = { version: 1, digest: '1e8a666af22852c63226e8462ed3074690141ac52e73329ae6c25707751160f3' };
  assert.deepEqual({ version: syntheticVersion, digest: hash.digest('hex') }, expected);
});

const count = 1500;
const labels = new Uint8Array(count);
const blocks = Array.from(syntheticRows(count, 11, labels), (block) => block.slice()); // overwritten by the next
const pixels = new Uint8Array(Buffer.concat(blocks));

test('every digit comes about equally often', () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const label of labels) counts[label]!++;
  assert.ok(Math.min(...counts) > 110 && Math.max(...counts) < 195, counts.join(' '));
});

/** Grey, 16 x 16, of zero mean and unit length, ink light: what a nearest neighbour looks at. */
function features(index: number): Float64Array {
  const grey = new Float64Array(256);
  for (let y = 4; y < 28; y++) {
    for (let x = 8; x < 24; x++) {
      const at = index * 3072 + (y * 32 + x) * 3;
      const cell = Math.floor(((y - 4) * 16) / 24) * 16 + (x - 8);
      grey[cell]! += pixels[at]! + pixels[at + 1]! + pixels[at + 2]!;
    }
  }
  const mean = grey.reduce((a, b) => a + b) / 256;
  const length = Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return grey.map((value) => (value - mean) / length);
}

test('digits can be recognised: even the nearest of 1,200 images names most of 300 others', () => {
  const known = Array.from({ length: 1200 }, (_, i) => features(i));
  let right = 0;
  for (let i = 1200; i < count; i++) {
    const query = features(i);
    let best = { similarity: -1, label: -1 };
    known.forEach((candidate, index) => {
      let product = 0;
      for (let j = 0; j < 256; j++) product += candidate[j]! * query[j]!;
      const similarity = Math.abs(product); // dark on light is light on dark
      if (similarity > best.similarity) best = { similarity, label: labels[index]! };
    });
    if (best.label === labels[i]) right++;
  }
  assert.ok(right > 210, `${right} of 300`);
});

test('images are varied in colour and light, and few values are clipped', () => {
  const means = Array.from(
    { length: count },
    (_, i) => pixels.subarray(i * 3072, i * 3072 + 3072).reduce((a, b) => a + b) / 3072,
  );
  const mean = means.reduce((a, b) => a + b) / count;
  const spread = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  assert.ok(mean > 90 && mean < 165, `mean ${mean}`);
  assert.ok(spread > 30, `spread ${spread}`);
  const clipped =
    pixels.reduce((sum, value) => sum + (value === 0 || value === 255 ? 1 : 0), 0) / pixels.length;
  assert.ok(clipped < 0.05, `clipped ${clipped}`);
});

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Picture } from '../../../coordinator/journal.ts';
import { layOut, originalsOf, writePicture, type PictureSource } from '../../../coordinator/run/pictures.ts';
import { configurationError } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const image = { height: 1, width: 2, channels: 1 };
const source: PictureSource = {
  image,
  readRows: (_split, rows, out) => rows.forEach((row, index) => out.set([row, row + 100], 2 * index)),
  labels: () => Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
};
const picture = (kind: Picture['kind'], rows: number[], columns: number, bytes: number[]): Picture => ({
  name: kind,
  kind,
  step: 12,
  split: 'heldOut',
  rows,
  columns,
  pixels: Float32Array.from(bytes, (byte) => byte / 255),
});

test('beside a reconstruction stands its original', () => {
  const grid = layOut(picture('reconstructions', [3, 4], 10, [1, 2, 11, 12]), source);
  assert.deepEqual([...grid.cells], [3, 103, 1, 2, 4, 104, 11, 12]);
  assert.deepEqual([grid.columns, grid.groupColumns], [20, 2]);
});

test('a row of analogies begins with its original', () => {
  const grid = layOut(picture('posterior', [3, 4], 2, [1, 1, 2, 2, 11, 11, 12, 12]), source);
  assert.deepEqual([...grid.cells], [3, 103, 1, 1, 2, 2, 4, 104, 11, 11, 12, 12]);
  assert.equal(grid.columns, 3);
});

test('samples stand alone, and what leaves the range of bytes is cut to it', () => {
  const grid = layOut(picture('samples', [], 2, [-20, 260, 254.6, NaN]), source);
  assert.deepEqual([...grid.cells], [0, 255, 255, 0]);
});

test('an unclipped round trip shows its values as bytes that wrap, which is the mistake it is there to show', () => {
  const grid = layOut(picture('roundTrip', [3], 1, [-3, 260]), source);
  assert.deepEqual([...grid.cells], [3, 103, 253, 4]);
});

test('originals carry their labels, where there are labels', () => {
  const originals = originalsOf(picture('reconstructions', [3, 4], 10, [0, 0, 0, 0]), source);
  const grid = layOut(originals, source);
  assert.equal(originals.name, 'originals');
  assert.deepEqual([...grid.cells], [3, 103, 4, 104]);
  assert.deepEqual(grid.labels, [3, 4]);
  assert.equal(layOut(originals, { ...source, labels: () => null }).labels, undefined);
});

test('samples are kept under their step and as the latest, and not written by an orphan', async () => {
  const folder = temporaryFolder();
  const samples = picture('samples', [], 2, [1, 2, 3, 4]);
  await writePicture(folder, samples, source, () => {});
  assert.deepEqual(readdirSync(folder).sort(), ['samples-step-00000012.png', 'samples.png']);
  const [stamped, latest] = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  assert.deepEqual(stamped, latest);
  const orphan = (): never => {
    throw configurationError('a second coordinator took over');
  };
  await assert.rejects(writePicture(folder, { ...samples, step: 13 }, source, orphan), { exitCode: 78 });
  assert.equal(readdirSync(folder).length, 2);
});

test('of other pictures only the latest is kept', async () => {
  const folder = temporaryFolder();
  const pairs = picture('reconstructions', [3], 10, [1, 2]);
  for (const step of [12, 24]) await writePicture(folder, { ...pairs, step }, source, () => {});
  assert.deepEqual(readdirSync(folder), ['reconstructions.png']);
});

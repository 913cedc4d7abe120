/** What we write, scipy reads, and so do we: the synthetic digits leave as a real SVHN file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMat } from '../../shared/data/mat.ts';
import { writeMat } from '../../shared/data/mat-writer.ts';
import { exitCodes } from '../../shared/errors.ts';
import { collect, refuses } from '../support/collect.ts';
import { goldenCount, goldenImage, goldenLabels, goldenRows } from '../support/golden-mat.ts';
import { python, requires } from '../support/requires.ts';
import { temporaryFolder } from '../support/temporary.ts';

async function writeGolden(): Promise<string> {
  const path = join(temporaryFolder(), 'ours.mat');
  const rows = goldenRows();
  const blocks = [rows.subarray(0, 60 * 5), rows.subarray(60 * 5)];
  const labels = (): Uint8Array => goldenLabels();
  await writeMat(path, { shape: goldenImage, rowCount: goldenCount, rows: blocks, labels });
  return path;
}

test('what was written is read again', async () => {
  const sink = collect();
  assert.deepEqual(await readMat(await writeGolden(), sink), goldenLabels());
  assert.deepEqual(sink.rows(), goldenRows());
});

test('scipy reads the same pixels, and labels from 1 to 10 of class double', async (context) => {
  if (!requires('scipy', context)) return;
  const path = await writeGolden();
  const script = `
import json, sys
from scipy.io import loadmat
m = loadmat(sys.argv[1])
X, y = m['X'], m['y']
print(json.dumps({'class': str(X.dtype) + ' ' + str(y.dtype), 'shape': X.shape, 'labels': y.ravel().tolist(),
  'rows': X.transpose(3, 0, 1, 2).ravel().tolist()}))`;
  const { stdout, stderr } = spawnSync(python, ['-c', script, path], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.deepEqual(JSON.parse(stdout), {
    class: 'uint8 uint8', // scipy reports how the doubles are stored
    shape: [5, 4, 3, goldenCount],
    labels: [...goldenLabels()].map((label) => label || 10),
    rows: [...goldenRows()],
  });
});

test('one image, whose label lies within its tag', async () => {
  const path = join(temporaryFolder(), 'one.mat');
  const rows = goldenRows(3, 1);
  await writeMat(path, { shape: goldenImage, rowCount: 1, rows: [rows], labels: () => Uint8Array.of(7) });
  const sink = collect();
  assert.deepEqual(await readMat(path, sink), Uint8Array.of(7));
  assert.deepEqual(sink.rows(), rows);
});

test('more than the format holds is refused before anything is written', async () => {
  const folder = temporaryFolder();
  const content = {
    shape: { height: 32, width: 32, channels: 3 },
    rows: [],
    labels: () => new Uint8Array(0),
  };
  const write = (): Promise<void> => writeMat(join(folder, 'vast.mat'), { ...content, rowCount: 699_051 });
  await refuses(write, ['got 699051 rows', 'at most 699050'], exitCodes.usage);
  assert.deepEqual(readdirSync(folder), []);
});

test('a failure half-way leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'half.mat');
  function* rows(): Generator<Uint8Array> {
    yield goldenRows();
    throw new Error('half-way');
  }
  const write = writeMat(path, {
    shape: goldenImage,
    rowCount: 24,
    rows: rows(),
    labels: () => goldenLabels(),
  });
  await assert.rejects(write, /half-way/);
  assert.ok(!existsSync(path));
  assert.deepEqual(readdirSync(folder), []);
});

test('equal content gives equal bytes', async () => {
  assert.deepEqual(readFileSync(await writeGolden()), readFileSync(await writeGolden()));
});

import assert from 'node:assert/strict';
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRowCache, writeRowCache, type CachedDataset } from '../../shared/data/row-cache.ts';
import { describeData } from '../../shared/protocol/row-frames.ts';
import type { DataDescription } from '../../shared/protocol/data-messages.ts';
import { copyPath, describeSource, findData, openRunRows } from '../../worker/data.ts';
import { temporaryFolder } from '../support/temporary.ts';

const shape = { height: 1, width: 2, channels: 1 };

async function cacheOf(path: string, value: number): Promise<CachedDataset> {
  await writeRowCache(path, 'rows', async ({ push }) => {
    push(new Uint8Array(6).fill(value));
    return { shape, rowCount: 3, labels: new Uint8Array(3) };
  });
  return openRowCache(path);
}

/** A coordinator's data set, and a worker's folders. */
async function createSubject() {
  const folder = temporaryFolder();
  const dataset = await cacheOf(join(folder, 'own.rows'), 1);
  const about = describeData(dataset, dataset.cachePath);
  const look = { mode: 'look', dataDir: join(folder, 'copies') } as const;
  return { folder, about, look };
}

test('the file of the coordinator is read where it is seen, unless the worker is told not to look', async () => {
  const { about, look } = await createSubject();
  const found = findData(about, look);
  assert.equal(found.place, 'own');
  assert.equal(found.own!.hash, about.hash);
  assert.equal(findData(about, { ...look, mode: 'stream' }).place, 'streamed');
});

test('another file under the same path is as good as none, and both hashes are named', async () => {
  const { folder, about, look } = await createSubject();
  const other = await cacheOf(join(folder, 'other.rows'), 2);
  const found = findData({ ...about, path: other.cachePath }, look);
  assert.equal(found.place, 'streamed');
  const [got, expected] = [other.hash, about.hash].map((hash) => hash.slice(0, 12));
  assert.match(found.reason, new RegExp(`sees other data at .*other.rows \\(hash ${got}, .* ${expected}\\)`));
});

test('what is missing, cut or no file of rows is not seen, and a copy with the right hash is', async () => {
  const { folder, about, look } = await createSubject();
  const gone: DataDescription = { ...about, path: join(folder, 'gone.rows') };
  assert.match(findData(gone, look).reason, /cannot see the data \(.*gone.rows: no such file/);
  const noise = join(folder, 'noise.rows');
  writeFileSync(noise, 'noise');
  assert.equal(findData({ ...about, path: noise }, look).place, 'streamed');
  mkdirSync(look.dataDir);
  const copy = await cacheOf(copyPath(look.dataDir, about.hash), 1);
  const found = findData(gone, look);
  assert.equal(found.place, 'copied');
  assert.match(found.reason, /reads .*copies/);
  truncateSync(copy.cachePath, statSync(copy.cachePath).size - 1);
  assert.equal(findData(gone, look).place, 'streamed');
});

test('of two data sets the worse one is told of', async () => {
  const { about, look } = await createSubject();
  const testData = { ...about, path: '/nowhere.rows' };
  const found = await openRunRows({ data: about, testData }, look, async () =>
    assert.fail('not asked to copy'),
  );
  assert.equal(describeSource(found!).place, 'streamed');
  const alone = await openRunRows({ data: about, testData: null }, look, async () => null);
  assert.deepEqual(describeSource(alone!), { place: 'own', reason: '' });
});

test('images larger than a frame cannot be sent, and the remedy is told', async () => {
  const { about, look } = await createSubject();
  const data = { ...about, path: '/nowhere.rows', shape: { height: 4000, width: 4000, channels: 3 } };
  const opening = openRunRows({ data, testData: null }, look, async () => null);
  await assert.rejects(opening, {
    message: /4000 x 4000 x 3 are too large.*let this worker see/,
    exitCode: 78,
  });
});

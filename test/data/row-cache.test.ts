/** Rows on disk: what was pushed is what any index gives back, and a torn file is never taken for a whole one. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRowHasher } from '../../shared/data/row-hash.ts';
import { openRowCache, scanRowCache, writeRowCache } from '../../shared/data/row-cache.ts';
import { exitCodes, LockstepError } from '../../shared/errors.ts';
import { refuses } from '../support/collect.ts';
import { temporaryFolder } from '../support/temporary.ts';

const shape = { height: 2, width: 2, channels: 3 };
const rowCount = 50;
const rows = Uint8Array.from({ length: rowCount * 12 }, (_, i) => (i * 7) ^ (i >>> 5));
const labels = Uint8Array.from({ length: rowCount }, (_, i) => i % 7);

async function written(labelled = true): Promise<string> {
  const path = join(temporaryFolder(), 'a.rows');
  await writeRowCache(path, 'a', async (sink) => {
    sink.push(rows.subarray(0, 120));
    sink.push(rows.subarray(120));
    return { shape, rowCount, labels: labelled ? labels : null };
  });
  return path;
}

test('any rows in any order are the rows that were pushed', async (context) => {
  const dataset = openRowCache(await written());
  context.after(() => dataset.close());
  fc.assert(
    fc.property(fc.array(fc.nat(rowCount - 1), { maxLength: 80 }), (indices) => {
      const out = new Uint8Array(indices.length * 12);
      dataset.readRows(Uint32Array.from(indices), out);
      assert.deepEqual(
        [...out],
        indices.flatMap((i) => [...rows.subarray(i * 12, i * 12 + 12)]),
      );
    }),
  );
  assert.throws(() => dataset.readRows(Uint32Array.of(rowCount), new Uint8Array(12)), /row 50 of 50/);
});

test('shape, labels, classes and hash are those of the content, whatever the name', async () => {
  const hasher = createRowHasher();
  hasher.update(rows);
  const expected = hasher.digest(shape, rowCount, labels);
  const path = await written();
  const { close, readRows: _, ...dataset } = openRowCache(path);
  close();
  assert.deepEqual(dataset, {
    name: 'a',
    shape,
    rowCount,
    hash: expected,
    labels,
    classCount: 7,
    cachePath: path,
  });
  const unlabelled = scanRowCache(await written(false));
  unlabelled.close();
  assert.equal(unlabelled.labels, null);
  assert.equal(unlabelled.classCount, 0);
  assert.notEqual(unlabelled.hash, expected);
});

test('a file that is cut, too long, or damaged in its header is refused on opening', async () => {
  const path = await written();
  const whole = readFileSync(path);
  const remedy = 'delete it, and it is made again';
  for (const length of [0, 10, 4095, 4096, whole.length - 1]) {
    copyFileSync(path, `${path}.cut`);
    truncateSync(`${path}.cut`, length);
    await refuses(
      async () => openRowCache(`${path}.cut`),
      [`${path}.cut: row cache with a fault`, 'expected', remedy],
    );
  }
  writeFileSync(`${path}.long`, Buffer.concat([whole, Buffer.of(0)]));
  await refuses(async () => openRowCache(`${path}.long`), ['got 4747 bytes', 'expected 4746 for 50 rows']);
  for (let at = 0; at < 150; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x10;
    writeFileSync(`${path}.damaged`, damaged);
    await refuses(async () => openRowCache(`${path}.damaged`), ['row cache with a fault', remedy]);
  }
  await refuses(async () => openRowCache(`${path}.none`), ['no such file']);
});

test('a scan finds one changed byte of rows or labels', async () => {
  const path = await written();
  scanRowCache(path).close();
  for (const at of [4096, 4096 + 300, 4096 + 600, 4096 + 649]) {
    const damaged = readFileSync(path);
    damaged[at]! ^= 1;
    writeFileSync(`${path}.damaged`, damaged);
    await refuses(async () => scanRowCache(`${path}.damaged`), ['row cache with a fault', 'content of hash']);
  }
});

test('a source that fails half-way leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const failing = writeRowCache(join(folder, 'a.rows'), 'a', async (sink) => {
    sink.push(rows);
    throw new LockstepError('the source is cut', exitCodes.data);
  });
  await assert.rejects(failing, /the source is cut/);
  assert.deepEqual(readdirSync(folder), []);
});

test('what a killed conversion left a day ago is swept when a new one begins', async () => {
  const folder = temporaryFolder();
  const hoursAgo = (hours: number): number => statSync(folder).mtimeMs / 1000 - hours * 3600;
  for (const [name, hours] of [
    ['.old.rows.0f0f0f0f.partial', 25],
    ['.young.rows.0f0f0f0f.partial', 23],
    ['whole.rows', 99],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, 'x');
    utimesSync(path, hoursAgo(hours), hoursAgo(hours));
  }
  await writeRowCache(join(folder, 'a.rows'), 'a', async () => ({ shape, rowCount: 0, labels: null }));
  assert.deepEqual(readdirSync(folder).sort(), ['.young.rows.0f0f0f0f.partial', 'a.rows', 'whole.rows']);
});

test('a cache that cannot be written is a failure of the run, in one line', async () => {
  const path = join(temporaryFolder(), 'nowhere', 'a.rows');
  const write = (): Promise<void> =>
    writeRowCache(path, 'a', async () => ({ shape, rowCount: 0, labels: null }));
  await refuses(write, [path, 'ENOENT', 'elsewhere'], exitCodes.runFailed);
});

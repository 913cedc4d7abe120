import assert from 'node:assert/strict';
import { copyFileSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataOf } from '../../../../deploy/launch/checks/data.ts';
import { copyPath } from '../../../../worker/data.ts';
import { idx } from '../../../support/idx.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const ask = { what: 'data', syntheticRows: 0, syntheticSeed: 0, dataDir: null } as const;

test('a copy of the files of another time has the same rows, and a link of the name that workers look for', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'train-images-idx3-ubyte');
  writeFileSync(file, idx([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
  const rows = await dataOf({ ...ask, paths: [file], rows: null }, join(folder, 'one'));
  const gone = { path: join(folder, 'nowhere', 'KEY.rows'), hash: rows.hash };
  utimesSync(file, 1, 1);
  const other = await dataOf({ ...ask, paths: [file], rows: gone }, join(folder, 'two'));
  assert.deepEqual(other, { path: gone.path, hash: rows.hash, rowCount: 0, place: 'own' });
  assert.match(readlinkSync(gone.path), /two\/.*\.rows$/);
  const again = await dataOf({ ...ask, paths: [file], rows: gone }, join(folder, 'two'));
  assert.deepEqual([again.place, again.rowCount], ['own', 3]);
});

test('where there are no such rows, or others, they are sent; a copy is found by its hash', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'train-images-idx3-ubyte');
  writeFileSync(file, idx([1, 2, 2], [1, 2, 3, 4]));
  const cache = join(folder, 'cache');
  const rows = { path: join(folder, 'gone.rows'), hash: 'f'.repeat(64) };
  assert.equal((await dataOf({ ...ask, paths: [file], rows }, cache)).place, 'streamed');
  assert.equal((await dataOf({ ...ask, paths: ['/nowhere/x.mat'], rows }, cache)).place, 'streamed');
  const { path, hash } = await dataOf({ ...ask, paths: [file], rows: null }, cache);
  copyFileSync(path, copyPath(folder, hash));
  const asked = { ...ask, paths: ['/nowhere/x.mat'], rows: { path: rows.path, hash }, dataDir: folder };
  assert.equal((await dataOf(asked, cache)).place, 'copied');
});

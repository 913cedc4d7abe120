/** Synthetic digits as a file are the digits that a run trains on. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { summarise } from '../../../deploy/data/inspect.ts';
import { synthesize } from '../../../deploy/data/synthesize.ts';
import { unwritable } from '../../../deploy/data/unwritable.ts';
import { openDataset } from '../../../shared/data/open.ts';
import { exitCodes, runError } from '../../../shared/errors.ts';
import { refuses } from '../../support/collect.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a file of them has the hash of --data synthetic', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'digits.mat');
  await synthesize(path, 200, 7);
  const synthetic = { rowCount: 200, seed: 7 };
  const dataset = await openDataset(['synthetic'], { cacheDir: join(folder, 'cache'), synthetic });
  dataset.close();
  assert.equal((await summarise([path])).hash, dataset.hash);
});

test('values out of range, other endings and paths that are taken are refused', async () => {
  const folder = temporaryFolder();
  const cases: [string, number, number, string[]][] = [
    ['a.mat', 0, 1, ['--rows: got 0']],
    ['a.mat', 1.5, 1, ['--rows: got 1.5']],
    ['a.mat', 1, -1, ['--seed: got -1', '4294967295']],
    ['a.npy', 1, 1, ['expected .mat']],
    ['a.mat', 700_000, 1, ['got 700000 rows', 'at most 699050']],
  ];
  for (const [name, rows, seed, parts] of cases)
    await refuses(() => synthesize(join(folder, name), rows, seed), parts, exitCodes.usage);
  mkdirSync(join(folder, 'b.mat'));
  await refuses(() => synthesize(join(folder, 'b.mat'), 1, 1), ['name another'], exitCodes.usage);
  await refuses(
    () => synthesize(join(folder, 'no', 'a.mat'), 1, 1),
    ['ENOENT', 'make it first'],
    exitCodes.runFailed,
  );
  assert.deepEqual(readdirSync(folder), ['b.mat']);
});

test('reasons of the system become one line, errors of ours stay as they are', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  assert.match(
    (unwritable('a.mat', full) as Error).message,
    /^a\.mat: cannot be written \(ENOSPC\): no space left/,
  );
  const odd = Object.assign(new Error('write'), { code: 'EIO' });
  assert.match((unwritable('a.mat', odd) as Error).message, /\(EIO\): check the disk/);
  const ours = runError('ours');
  assert.equal(unwritable('a.mat', ours), ours);
  const bug = new TypeError('bug');
  assert.equal(unwritable('a.mat', bug), bug);
});

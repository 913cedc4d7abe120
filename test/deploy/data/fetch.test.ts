/** Fetching a set of files: all of them, where they were asked for, unless the network is forbidden. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchFiles } from '../../../deploy/data/fetch.ts';
import { svhnBase, svhnSplits } from '../../../deploy/data/published.ts';
import { exitCodes } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { refuses } from '../../support/collect.ts';
import { serveFile } from '../../support/file-server.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const content = Buffer.from('street digits');
const md5 = createHash('md5').update(content).digest('hex');
const files = ['a.mat', 'b.mat'].map((name) => ({ name, bytes: content.length, md5 }));

test('files come into a folder that is made for them; those that are there stay', async (context) => {
  const { url, ranges } = await serveFile(context, content, [{ kind: 'cut', afterBytes: 4 }]);
  const dir = join(temporaryFolder(), 'deep', 'data');
  const request = { files, baseUrl: `${url}///`, dir, offline: false };
  const paths = await fetchFiles(request, systemClock);
  assert.deepEqual(paths, [join(dir, 'a.mat'), join(dir, 'b.mat')]);
  for (const path of paths) assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(ranges, [null, 'bytes=4-', null]);
  await fetchFiles(request, systemClock);
  assert.equal(ranges.length, 3);
});

test('LOCKSTEP_OFFLINE refuses before anything is made', async () => {
  const dir = join(temporaryFolder(), 'data');
  const run = (): Promise<unknown> =>
    fetchFiles({ files, baseUrl: svhnBase, dir, offline: true }, systemClock);
  await refuses(run, ['LOCKSTEP_OFFLINE', 'a.mat, b.mat', dir], exitCodes.configuration);
  assert.ok(!existsSync(dir));
});

test('an address that is none, and a folder that cannot be made, are refused', async () => {
  const folder = temporaryFolder();
  for (const baseUrl of ['ufldl.stanford.edu', 'ftp://host', 'http://'])
    await refuses(
      () => fetchFiles({ files, baseUrl, dir: folder, offline: false }, systemClock),
      [`--url: got ${baseUrl}`, svhnBase],
      exitCodes.usage,
    );
  writeFileSync(join(folder, 'file'), '');
  const dir = join(folder, 'file', 'data');
  const run = (): Promise<unknown> =>
    fetchFiles({ files, baseUrl: svhnBase, dir, offline: false }, systemClock);
  await refuses(run, [dir, 'ENOTDIR'], exitCodes.runFailed);
});

test('the published sizes and sums are distinct and well formed', () => {
  const published = Object.values(svhnSplits);
  assert.equal(new Set(published.map((file) => file.md5)).size, 3);
  for (const file of published) assert.match(file.md5, /^[0-9a-f]{32}$/);
});

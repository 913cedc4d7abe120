/** What `data info` and `data verify` say of files. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checksum, describeChecksum, describeSummary } from '../../../deploy/data/inspect.ts';
import { requirePublished, summarise } from '../../../deploy/data/inspect.ts';
import { openDataset } from '../../../shared/data/open.ts';
import { refuses } from '../../support/collect.ts';
import { goldenMat } from '../../support/golden-mat.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a summary counts images of each class over all files, under the hash that a run records', async () => {
  const paths = [goldenMat('stored'), goldenMat('compressed')];
  const { hash, ...summary } = await summarise(paths);
  const shape = { height: 5, width: 4, channels: 3 };
  const labels = [4, 4, 2, 2, 2, 2, 2, 2, 2, 2];
  assert.deepEqual(summary, { name: 'stored.mat + compressed.mat', shape, rows: 24, labels });
  const dataset = await openDataset(paths, { cacheDir: temporaryFolder() });
  dataset.close();
  assert.equal(hash, dataset.hash);
  const text = describeSummary({ hash, ...summary });
  assert.match(text, /24 of 5 x 4 x 3/);
  assert.match(text, /0: 4 {2}1: 4 {2}2: 2/);
  assert.match(describeSummary(await summarise([goldenMat('unlabelled')])), /labels {2}none/);
});

test('a damaged file is refused', async () => {
  await refuses(() => summarise([goldenMat('refused-complex')]), ['of class complex double']);
  await refuses(() => checksum('/nowhere/a.mat'), ['no such file']);
});

test('a sum is that of the file, and is held against the published one of the same name', async () => {
  const path = goldenMat('stored');
  const content = readFileSync(path);
  const sum = await checksum(path);
  const md5 = createHash('md5').update(content).digest('hex');
  assert.deepEqual(sum, { path, bytes: 984, md5, published: null });
  assert.match(describeChecksum(sum), /984 bytes, MD5 [0-9a-f]{32}: no published sum is known/);
  const impostor = join(temporaryFolder(), 'train_32x32.mat');
  copyFileSync(path, impostor);
  const wrong = await checksum(impostor);
  assert.equal(wrong.published, false);
  assert.match(describeChecksum(wrong), /NOT as published/);
  assert.match(describeChecksum({ ...wrong, published: true }), /: as published$/);
  requirePublished([sum]);
  await refuses(
    async () => requirePublished([sum, wrong]),
    [impostor, '984 bytes', '182,040,794', 'download it again'],
  );
});

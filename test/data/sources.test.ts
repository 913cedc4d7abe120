/** From names to data: formats and labels are found, several files make one set, and misfits are refused. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readSources, resolveSources, sourcesName } from '../../shared/data/sources.ts';
import { collect, refuses } from '../support/collect.ts';
import { goldenLabels, goldenMat, goldenRows } from '../support/golden-mat.ts';
import { idx } from '../support/idx.ts';
import { temporaryFolder } from '../support/temporary.ts';

const image = (value: number): Buffer => idx([1, 5, 4, 3], new Uint8Array(60).fill(value));

test('files are one data set in the order given, labels and all', async () => {
  const sources = await resolveSources([goldenMat('grey'), goldenMat('grey')]);
  assert.equal(sourcesName(sources), 'grey.mat + grey.mat');
  const sink = collect();
  const contents = await readSources(sources, sink);
  assert.equal(contents.rowCount, 24);
  assert.deepEqual(contents.labels, new Uint8Array([...goldenLabels(), ...goldenLabels()]));
  assert.deepEqual(sink.rows(), new Uint8Array([...goldenRows(1), ...goldenRows(1)]));
});

test('MATLAB and IDX files of one shape mix', async () => {
  const folder = temporaryFolder();
  const [images, labels] = [join(folder, 'a-images-idx4-ubyte'), join(folder, 'a-labels-idx1-ubyte')];
  writeFileSync(images, image(3));
  writeFileSync(labels, idx([1], [6]));
  const sink = collect();
  const { labels: found, rowCount } = await readSources(
    await resolveSources([goldenMat('stored'), images]),
    sink,
  );
  assert.equal(rowCount, 13);
  assert.deepEqual([...found!], [...goldenLabels(), 6]);
  assert.deepEqual(sink.rows(), new Uint8Array([...goldenRows(), ...new Uint8Array(60).fill(3)]));
});

test('labels are found beside their images, in either compression, or among the files named', async () => {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  const [train, test10k] = [path('train-images-idx4-ubyte.gz'), path('t10k-images-idx4-ubyte')];
  writeFileSync(train, gzipSync(image(1)));
  writeFileSync(test10k, image(2));
  assert.deepEqual(await resolveSources([train]), [{ kind: 'idx', path: train, labelsPath: null }]);
  const trainLabels = path('train-labels-idx1-ubyte'); // not compressed, though the images are
  writeFileSync(trainLabels, idx([1], [1]));
  const testLabels = path('t10k-labels-idx1-ubyte.gz');
  writeFileSync(testLabels, gzipSync(idx([1], [2])));
  const expected = [
    { kind: 'idx', path: train, labelsPath: trainLabels },
    { kind: 'idx', path: test10k, labelsPath: testLabels },
  ];
  assert.deepEqual(await resolveSources([train, test10k]), expected);
  assert.deepEqual(await resolveSources([testLabels, train, test10k, trainLabels]), expected);
  const odd = path('some.labels');
  copyFileSync(trainLabels, odd);
  assert.deepEqual(await resolveSources([odd, test10k]), [{ kind: 'idx', path: test10k, labelsPath: odd }]);
  await refuses(() => resolveSources([odd]), [odd, 'got labels without images']);
});

test('images of another shape, and labels for some files only, are refused', async () => {
  const folder = temporaryFolder();
  const other = join(folder, 'other');
  writeFileSync(other, idx([1, 4, 5, 3], new Uint8Array(60)));
  const read = async (paths: string[]): Promise<unknown> =>
    readSources(await resolveSources(paths), collect());
  const stored = goldenMat('stored');
  await refuses(
    () => read([stored, other]),
    [`${other}: got images of 4 x 5 x 3, expected 5 x 4 x 3 as in ${stored}`],
  );
  const unlabelled = goldenMat('unlabelled');
  await refuses(() => read([stored, unlabelled]), [`${unlabelled}: got no labels, expected them`]);
  await refuses(() => read([]), ['no images']);
});

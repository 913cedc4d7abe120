import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { latestPictures, picturesOf, samplesOverTime } from '../../../deploy/report/pictures.ts';
import { readRun } from '../../../deploy/report/read-run.ts';
import { makeUpFolder } from '../../support/made-up-folder.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const decode = (source: string): PNG =>
  PNG.sync.read(Buffer.from(source.slice(source.indexOf(',') + 1), 'base64'));

test('of each kind the latest is shown, with what it shows in words', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 3 });
  const shown = latestPictures(readRun(folder).pictures);
  assert.deepEqual(
    shown.map(({ title }) => title),
    ['Samples', 'Reconstructions', '100 components, not clipped'],
  );
  for (const { source, width, height } of shown) {
    assert.deepEqual([width, height], [180, 180]);
    assert.equal(decode(source).data[2], 120, 'of the last epoch');
  }
});

test('samples over time put one row of each step under the other, oldest first', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 3 });
  const strip = samplesOverTime(readRun(folder).pictures, 10);
  assert.match(strip?.caption ?? '', /after 20, 40, 60 steps/);
  assert.deepEqual([strip?.width, strip?.height], [180, 3 * 18]);
  const { data } = decode(strip?.source ?? '');
  const blues = [0, 1, 2].map((row) => data[4 * 180 * 18 * row + 2]);
  assert.deepEqual(blues, [40, 80, 120]);
});

test('a single set of samples has no story', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 1 });
  assert.equal(samplesOverTime(readRun(folder).pictures, 10), null);
});

test('samples and their history stand beside each other, before all else', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 3 });
  const [samples, strip, next] = picturesOf(readRun(folder).pictures, 10);
  assert.deepEqual(
    [samples?.title, strip?.title, next?.title],
    ['Samples', 'How samples came to be', 'Reconstructions'],
  );
  assert.deepEqual(picturesOf([], 10), []);
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listPictures, readPicture } from '../../../coordinator/serving/pictures.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('the latest pictures are listed, samples first, with the steps of older ones', async () => {
  const folder = temporaryFolder();
  const names = ['interpolation.png', 'samples.png', 'originals.png', 'reconstructions.png', 'loss.svg'];
  for (const name of [...names, 'samples-step-00000200.png', 'samples-step-00000100.png', '.samples.png.tmp'])
    writeFileSync(join(folder, name), name);
  const views = await listPictures(folder);
  assert.deepEqual(
    views.map(({ name, steps }) => [name, steps]),
    [
      ['samples', [100, 200]],
      ['reconstructions', []],
      ['interpolation', []],
    ],
  );
  assert.deepEqual(await listPictures(join(folder, 'none')), []);
});

test('nothing but pictures is read, whatever the name', async () => {
  const root = temporaryFolder();
  const folder = join(root, 'pictures');
  mkdirSync(folder);
  writeFileSync(join(root, 'config.yaml'), 'secret');
  writeFileSync(join(root, 'secret.png'), 'secret');
  writeFileSync(join(folder, 'samples.png'), 'png');
  assert.equal(String(await readPicture(folder, 'samples.png')), 'png');
  for (const name of ['../config.yaml', '../secret.png', '..%2Fsecret.png', 'samples.png\0', '', 'none.png'])
    assert.equal(await readPicture(folder, name), null, name);
});

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { syntheticMat } from '../../../deploy/bench/synthetic-mat.ts';
import { readMat } from '../../../shared/data/mat.ts';
import { benchContext } from '../../support/bench.ts';

test('the file holds as many images as were asked for, and is made once', async () => {
  const bench = benchContext();
  const path = await syntheticMat(bench, 130); // more than a block, and no multiple of one
  let bytes = 0;
  const labels = await readMat(path, { begin: () => {}, push: (rows) => void (bytes += rows.length) });
  assert.equal(bytes, 130 * 32 * 32 * 3);
  assert.equal(labels?.length, 130);
  const { mtimeMs } = statSync(path);
  assert.equal(await syntheticMat(bench, 130), path);
  assert.equal(statSync(path).mtimeMs, mtimeMs);
});

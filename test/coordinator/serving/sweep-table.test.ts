import assert from 'node:assert/strict';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSweepReader } from '../../../coordinator/serving/sweep-table.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('the table beside the run folder is read when it is new, and kept when it is torn or gone', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'sweep.json');
  mkdirSync(join(folder, 'run'));
  const reader = createSweepReader(join(folder, 'run'));
  assert.equal(await reader.news(), null);
  const table = { trials: [{ batchSize: 100, state: 'done', loss: null }] };
  writeFileSync(path, JSON.stringify(table));
  assert.deepEqual(await reader.news(), table);
  assert.equal(await reader.news(), null);
  writeFileSync(path, '{"trials": [');
  utimesSync(path, 1, 1);
  assert.equal(await reader.news(), null);
  rmSync(path);
  assert.equal(await reader.news(), null);
  assert.deepEqual(reader.latest, table);
});

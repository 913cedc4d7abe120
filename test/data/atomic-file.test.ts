/** Files that are whole or not there, whatever fails on the way. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  removeTemporaries,
  writeFileAtomically,
  writeFileAtomicallySync,
  writeWholly,
} from '../../shared/data/atomic-file.ts';
import { temporaryFolder } from '../support/temporary.ts';

test('the new content replaces the old in one go', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a');
  writeFileAtomicallySync(path, 'old');
  await writeFileAtomically(path, async (handle) => {
    await writeWholly(handle, Buffer.from('ne'));
    assert.equal(readFileSync(path, 'utf8'), 'old');
    await writeWholly(handle, Buffer.from('w'));
  });
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('a failure while writing, at the last moment or on renaming leaves the old file and nothing else', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a');
  writeFileAtomicallySync(path, 'old');
  const fail = (): never => {
    throw new Error('no');
  };
  await assert.rejects(
    writeFileAtomically(path, async () => fail()),
    /no/,
  );
  await assert.rejects(
    writeFileAtomically(path, async () => {}, fail),
    /no/,
  );
  const inTheWay = join(folder, 'folder');
  mkdirSync(inTheWay);
  writeFileSync(join(inTheWay, 'x'), '');
  await assert.rejects(writeFileAtomically(inTheWay, async () => {}));
  assert.throws(() => writeFileAtomicallySync(inTheWay, 'x'));
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder).toSorted(), ['a', 'folder']);
});

test('what killed writers left is removed, and only that', () => {
  const folder = temporaryFolder();
  for (const name of ['.a.0f0f0f0f.partial', 'train_32x32.mat.partial', '.hidden', 'a'])
    writeFileSync(join(folder, name), '');
  assert.deepEqual(removeTemporaries(folder), ['.a.0f0f0f0f.partial']);
  assert.deepEqual(readdirSync(folder).toSorted(), ['.hidden', 'a', 'train_32x32.mat.partial']);
});

test('what was written to after a given moment stays: its writer may be alive', () => {
  const folder = temporaryFolder();
  for (const [name, seconds] of [
    ['.a.00000000.partial', 1000],
    ['.b.00000000.partial', 2000],
  ] as const) {
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), seconds, seconds);
  }
  assert.deepEqual(removeTemporaries(folder, 1_500_000), ['.a.00000000.partial']);
  assert.deepEqual(readdirSync(folder), ['.b.00000000.partial']);
});

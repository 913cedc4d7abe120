/** Files as bytes: what is no file is named as such, and what is read is all of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { openSource } from '../../shared/data/bytes.ts';
import { refuses } from '../support/collect.ts';
import { temporaryFolder } from '../support/temporary.ts';

const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >>> 7);

test('a missing file, a file taken for a folder, a folder, an empty file and a pipe are refused', async () => {
  const folder = temporaryFolder();
  const empty = join(folder, 'empty.mat');
  writeFileSync(empty, '');
  mkdirSync(join(folder, 'folder'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  const cases: [string, string[]][] = [
    ['missing.mat', ['no such file', 'check the path']],
    ['empty.mat/x.mat', ['no such file']],
    ['dangling', ['no such file']],
    ['folder', ['got a folder, expected a file']],
    ['empty.mat', ['at byte 0', 'an empty file']],
  ];
  for (const [name, parts] of cases)
    await refuses(() => openSource(join(folder, name)), [join(folder, name), ...parts]);
  await refuses(() => openSource('/dev/null'), ['/dev/null: got a pipe or device, expected a regular file']);
});

test('a file without permission is refused', async () => {
  const path = join(temporaryFolder(), 'secret.mat');
  writeFileSync(path, 'x');
  chmodSync(path, 0);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chmodSync(join(path, '..'), 0o755);
    process.seteuid!(65_534); // root may read everything
  }
  try {
    await refuses(() => openSource(path), [path, 'no permission to read it', 'change its mode']);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
});

for (const [encoding, stored] of [
  ['stored', content],
  ['zlib', deflateSync(content)],
  ['gzip', gzipSync(content)],
] as const) {
  test(`${encoding} bytes come in order and whole, however they are asked for, from any part of a file`, async () => {
    const path = join(temporaryFolder(), 'bytes');
    writeFileSync(path, Buffer.concat([Buffer.alloc(100, 1), stored, Buffer.alloc(50, 2)]));
    const file = await openSource(path);
    for (const step of [content.length + 9, 70_001]) {
      const reader = file.bytes(100, 100 + stored.length, encoding);
      const parts: Uint8Array[] = [];
      for (let count = step; count === step;) {
        const part = new Uint8Array(step);
        count = await reader.fill(part);
        parts.push(part.subarray(0, count));
      }
      assert.ok(Buffer.concat(parts).equals(content));
      assert.equal(reader.consumedBytes(), stored.length);
      reader.close();
    }
    await file.close();
  });
}

test('a reader that is closed early keeps nothing open', () => {
  const path = join(temporaryFolder(), 'bytes.gz');
  writeFileSync(path, gzipSync(content));
  const script = `
    const { openSource } = await import(${JSON.stringify(new URL('../../shared/data/bytes.ts', import.meta.url).href)});
    const file = await openSource(process.argv[1]);
    const reader = file.bytes(0, file.size, 'gzip');
    await reader.fill(new Uint8Array(10));
    reader.close();
    await file.close();`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, path];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

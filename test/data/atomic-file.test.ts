import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  removeTemporaries,
  writeFileAtomically,
  writeFileAtomicallySync,
  writeWholly,
  writeWhollySync,
} from '../../shared/data/atomic-file.ts';
import { requiresFile } from '../support/requires.ts';
import { temporaryFolder } from '../support/temporary.ts';

const fail = (): never => {
  throw new Error('refused');
};

test('a file is replaced whole, and no temporary one is left', async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'a');
  writeFileAtomicallySync(path, 'old');
  await writeFileAtomically(path, async (handle) => {
    await handle.write('ne');
    assert.equal(readFileSync(path, 'utf8'), 'old');
    await handle.write('w');
  });
  assert.equal(readFileSync(path, 'utf8'), 'new');
  writeFileAtomicallySync(path, Uint8Array.of(65));
  assert.equal(readFileSync(path, 'utf8'), 'A');
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('whatever fails, the old file stays and nothing else is left', async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'a');
  writeFileSync(path, 'old');
  await assert.rejects(
    writeFileAtomically(path, async () => fail()),
    /refused/,
  );
  await assert.rejects(
    writeFileAtomically(path, async (handle) => void (await handle.write('new')), fail),
    /refused/,
  );
  await assert.rejects(
    writeFileAtomically(join(folder, 'none/a'), async () => {}),
    /ENOENT/,
  );
  assert.throws(() => writeFileAtomicallySync(folder, 'new'), /EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('two writers of one file at once both succeed, and one of them is seen whole', async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'a');
  const write = (text: string): Promise<void> =>
    writeFileAtomically(path, async (handle) => {
      for (const letter of text) await handle.write(letter);
    });
  await Promise.all(['aaaa', 'bbbb', 'cccc'].map(write));
  assert.match(readFileSync(path, 'utf8'), /^(aaaa|bbbb|cccc)$/);
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('a process that is killed in the middle leaves the old file, and litter that can be removed', (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'a');
  writeFileSync(path, 'old');
  const source = new URL('../../shared/data/atomic-file.ts', import.meta.url).href;
  const script = `
    import { writeFileAtomically } from ${JSON.stringify(source)};
    await writeFileAtomically(process.argv[1], async (handle) => {
      await handle.write('ne');
      process.kill(process.pid, 'SIGKILL');
    });`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, path];
  assert.equal(spawnSync(process.execPath, args).signal, 'SIGKILL');
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.equal(readdirSync(folder).length, 2);
  writeFileSync(join(folder, '.hidden'), '');
  writeFileSync(join(folder, 'mine.partial'), '');
  assert.equal(removeTemporaries(folder).length, 1);
  assert.deepEqual(readdirSync(folder).sort(), ['.hidden', 'a', 'mine.partial']);
});

test('a disk that takes a part at a time is given all of it', async () => {
  const taken: number[] = [];
  const handle = {
    write: async (bytes: Uint8Array, offset: number, length: number) => {
      const bytesWritten = Math.min(3, length);
      taken.push(...bytes.subarray(offset, offset + bytesWritten));
      return { bytesWritten, buffer: bytes };
    },
  } as unknown as FileHandle;
  await writeWholly(handle, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  assert.deepEqual(taken, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a full disk is an error, never a short file', async (context) => {
  if (!requiresFile('/dev/full', 'a system with /dev/full', context)) return;
  const file = openSync('/dev/full', 'w');
  context.after(() => closeSync(file));
  assert.throws(() => writeWhollySync(file, Uint8Array.of(1)), { code: 'ENOSPC' });
  const handle = await open('/dev/full', 'w');
  context.after(() => handle.close());
  await assert.rejects(writeWholly(handle, Uint8Array.of(1)), { code: 'ENOSPC' });
});

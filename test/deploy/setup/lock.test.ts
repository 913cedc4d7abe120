/** One set-up at a time, and what a killed one leaves behind: its lock, its temporary files, its npm. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noteChild, withLock } from '../../../deploy/setup/lock.mjs';
import { findPaths } from '../../../deploy/setup/paths.mjs';
import { temporaryFolder } from '../../support/temporary.ts';

test('two set-ups in one cache take turns', async () => {
  const paths = findPaths(process.env, somewhere());
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await sleep(20);
    log.push(`${name} ends`);
  };
  await Promise.all([withLock(paths, work('a')), withLock(paths, work('b'))]);
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends']);
  assert.deepEqual(readdirSync(paths.cache), []);
});

test('a set-up that fails gives the lock back', async () => {
  const paths = findPaths(process.env, somewhere());
  await assert.rejects(
    withLock(paths, () => Promise.reject(new Error('no luck'))),
    /no luck/,
  );
  assert.deepEqual(readdirSync(paths.cache), []);
});

test('the lock and the temporary files of a killed set-up are taken away', async () => {
  const paths = findPaths(process.env, somewhere());
  const child = spawn('true');
  await once(child, 'close');
  mkdirSync(join(paths.cache, 'tmp', String(child.pid)), { recursive: true });
  writeFileSync(join(paths.cache, 'tmp', String(child.pid), 'half'), '');
  symlinkSync(`${child.pid} 12345`, join(paths.cache, 'setup.lock'));
  await withLock(paths, async () => assert.equal(existsSync(join(paths.cache, 'tmp')), false));
  assert.deepEqual(readdirSync(paths.cache), []);
});

const onLinux = process.platform === 'linux'; // elsewhere a process has no name that is never used again

if (onLinux)
  test('a program that a killed set-up left running is ended before the next one works', async () => {
    const paths = findPaths(process.env, somewhere());
    const orphan = spawn('sleep', ['60']);
    const closed = once(orphan, 'close');
    noteChild(paths, orphan.pid ?? 0);
    await withLock(paths, async () => {
      const [, signal] = await closed;
      assert.equal(signal, 'SIGKILL');
    });
    assert.deepEqual(readdirSync(paths.cache), []);
  });

/** A clone's folder, empty but for what makes it one. */
function somewhere(): string {
  const root = temporaryFolder();
  for (const name of ['package.json', 'package-lock.json']) writeFileSync(join(root, name), '{}');
  return root;
}

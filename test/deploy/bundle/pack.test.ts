import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packTree } from '../../../deploy/bundle/pack.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const partBytes = 50_000;
const { stdout: uname } = spawnSync('uname', ['-sm'], { encoding: 'utf8' });
/** Nothing that gzip makes small. */
const payload = Buffer.concat(
  Array.from({ length: 6000 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
);

/** A bundle of a tree whose `lockstep` only says a version. */
async function bundleOf(system = uname.trim()) {
  const folder = temporaryFolder();
  const [tree, dir] = [join(folder, 'tree'), join(folder, 'bundle')];
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(dir);
  writeFileSync(join(tree, 'bin', 'lockstep'), '#!/bin/sh\necho 9.9.9\n', { mode: 0o755 });
  writeFileSync(join(tree, 'payload'), payload);
  writeFileSync(join(tree, 'left-out'), 'not packed');
  const bytes = await packTree({ tree, dir, partBytes, exclude: ['./left-out'], system });
  const target = join(folder, 'deep', 'target');
  const install = () => spawnSync('sh', [join(dir, 'install.sh'), target], { encoding: 'utf8' });
  const leftBehind = () => (existsSync(join(folder, 'deep')) ? readdirSync(join(folder, 'deep')) : []);
  const parts = readdirSync(dir).filter((name) => name.startsWith('lockstep.tar.gz.'));
  return { dir, target, bytes, parts, install, leftBehind };
}

test('what is unpacked is what was packed, in parts of at most the size asked for', async () => {
  const { dir, target, bytes, parts, install } = await bundleOf();
  assert.ok(parts.length >= 4, `${parts.length} parts`);
  const sizes = parts.map((name) => statSync(join(dir, name)).size);
  assert.ok(sizes.every((size) => size <= partBytes));
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    bytes,
  );
  const { status, stdout, stderr } = install();
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^lockstep 9\.9\.9 is in .*deep\/target: start it as .*\/bin\/lockstep\n$/);
  assert.deepEqual(readFileSync(join(target, 'payload')), payload);
  assert.deepEqual(readdirSync(target).sort(), ['bin', 'payload']);
});

test('a damaged and a missing part are named, and nothing is left behind', async () => {
  const { dir, parts, install, leftBehind } = await bundleOf();
  const damaged = readFileSync(join(dir, parts[1]!));
  damaged[1234]! ^= 1;
  writeFileSync(join(dir, parts[1]!), damaged);
  rmSync(join(dir, parts[2]!));
  const { status, stderr } = install();
  assert.equal(status, 65);
  const escaped = `${parts[1]} ${parts[2]}`.replaceAll('.', '\\.');
  assert.match(
    stderr,
    new RegExp(`^lockstep: not what was packed, or missing: ${escaped} in .*copy the bundle again\n$`),
  );
  assert.deepEqual(leftBehind(), []);
});

test('a folder that is there is never overwritten', async () => {
  const { target, install } = await bundleOf();
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mine'), 'kept');
  const { status, stderr } = install();
  assert.equal(status, 64);
  assert.match(stderr, /is there already: name another folder, or remove it/);
  assert.deepEqual(readdirSync(target), ['mine']);
});

test('a bundle for another kind of machine is refused', async () => {
  const { install, leftBehind } = await bundleOf('Plan9 mips');
  const { status, stderr } = install();
  assert.equal(status, 69);
  assert.match(stderr, /this bundle is for Plan9 mips, and this machine is Linux/);
  assert.deepEqual(leftBehind(), []);
});

/** When npm's packages are installed anew, and what is said when they cannot be. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binIsLinked, installPackages, linkBin, packagesMatch } from '../../../deploy/setup/packages.mjs';
import { findPaths } from '../../../deploy/setup/paths.mjs';
import { temporaryFolder } from '../../support/temporary.ts';

const locked = {
  '': { version: '1.0.0' },
  'node_modules/a': { version: '1.2.3', integrity: 'sha512-a' },
  'node_modules/b': { version: '2.0.0', integrity: 'sha512-b' },
  'node_modules/only-on-windows': { version: '1.0.0', integrity: 'sha512-w', optional: true },
};

/** A clone with a lock, and npm's record of what was installed, if anything was. */
function someClone(installed: object | string | null) {
  const root = temporaryFolder();
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: locked }));
  mkdirSync(join(root, 'node_modules'));
  if (installed !== null) {
    const text = typeof installed === 'string' ? installed : JSON.stringify({ packages: installed });
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), text);
  }
  return findPaths(process.env, root);
}

/** The same with a program called npm that prints and fails. */
function cloneWithNpm(output: string, environment: NodeJS.ProcessEnv = {}) {
  const paths = someClone(null);
  const npm = join(paths.root, 'npm');
  writeFileSync(npm, `#!/bin/sh\ncat <<'END' >&2\n${output}\nEND\nexit 1\n`);
  chmodSync(npm, 0o755);
  return { ...paths, environment: { PATH: `${paths.root}:/usr/bin:/bin`, ...environment } };
}

const { 'node_modules/only-on-windows': _, ...here } = locked;

test('packages match when npm recorded each of them; those of other systems may be missing', () => {
  assert.equal(packagesMatch(someClone(locked)), true);
  assert.equal(packagesMatch(someClone(here)), true);
});

test('a missing, older or different package, or an interrupted installation, does not match', () => {
  const { 'node_modules/a': a, ...withoutA } = here;
  assert.equal(packagesMatch(someClone(withoutA)), false);
  assert.equal(packagesMatch(someClone({ ...here, 'node_modules/a': { ...a, version: '1.2.2' } })), false);
  assert.equal(
    packagesMatch(someClone({ ...here, 'node_modules/a': { ...a, integrity: 'sha512-x' } })),
    false,
  );
  assert.equal(packagesMatch(someClone(null)), false);
  assert.equal(packagesMatch(someClone('{"packages": {"node_mod')), false);
});

test('npm runs without install scripts, and without the network when that is forbidden', async () => {
  const paths = cloneWithNpm('');
  writeFileSync(join(paths.root, 'npm'), '#!/bin/sh\necho "$@" > arguments\n');
  await installPackages(paths);
  assert.match(readFileSync(join(paths.root, 'arguments'), 'utf8'), /^ci --ignore-scripts (?!.*--offline)/);
  await installPackages({ ...paths, environment: { ...paths.environment, LOCKSTEP_OFFLINE: '1' } });
  assert.match(readFileSync(join(paths.root, 'arguments'), 'utf8'), /--offline/);
});

const failures = [
  { output: 'npm error code ENOTFOUND', message: /registry cannot be reached/, exitCode: 69 },
  {
    output: 'npm error code ENOSPC\nnpm error nospc no space left on device',
    message: /disk is full/,
    exitCode: 1,
  },
  { output: 'npm error code EUSAGE\nnpm error more', message: /npm ci failed \(code EUSAGE\)/, exitCode: 1 },
  { output: 'npm error code ENOTCACHED', message: /LOCKSTEP_OFFLINE=1/, exitCode: 69, offline: true },
];
for (const { output, message, exitCode, offline } of failures) {
  test(`"${output.split('\n')[0]}" becomes one line with exit code ${exitCode}`, async () => {
    const paths = cloneWithNpm(output, offline ? { LOCKSTEP_OFFLINE: '1' } : {});
    await assert.rejects(installPackages(paths), (error: Error & { exitCode: number }) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return error.exitCode === exitCode;
    });
  });
}

test('npm that filled the disk has failed, whatever it says, and nothing counts as installed', async () => {
  const paths = cloneWithNpm('');
  const record = join(paths.root, 'node_modules', '.package-lock.json');
  writeFileSync(
    join(paths.root, 'npm'),
    `#!/bin/sh\necho 'npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write'\necho '{}' > ${record}\n`,
  );
  await assert.rejects(installPackages(paths), /disk is full/);
  assert.equal(existsSync(record), false);
});

test('a machine without npm is told so', async () => {
  const paths = { ...someClone(null), environment: { PATH: '/nowhere' } };
  await assert.rejects(installPackages(paths), /npm is not on the PATH/);
});

test('npx finds the command in the clone', () => {
  const paths = someClone(locked);
  assert.equal(binIsLinked(paths), false);
  linkBin(paths);
  assert.equal(binIsLinked(paths), true);
  assert.equal(
    readlinkSync(join(paths.root, 'node_modules', '.bin', 'lockstep')),
    '../../deploy/lockstep.mjs',
  );
  assert.ok(existsSync('deploy/lockstep.mjs'));
});

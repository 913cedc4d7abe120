/**
 * A bundle as its user meets it: made here, carried to a box without any route and without Node, installed and
 * trained with. The box is a network namespace, where only loopback is up, and a PATH without Node and npm.
 *
 *   npm run install-test
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { requiresBoxes } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const root = resolve(import.meta.dirname, '../../..');
const programs = [
  'sh',
  'bash',
  'dirname',
  'readlink',
  'uname',
  'sha256sum',
  'tar',
  'gzip',
  'cat',
  'sed',
  'tr',
  'mv',
  'rm',
  'mkdir',
  'ls',
];
const few =
  '--components none --synthetic-rows 200 --batch-size 50 --micro-batch-size 25 --steps 2 --workers 2 --width 32 ' +
  '--picture-every 0 --evaluation-rows 50 --http-port none --json';

test('a bundle installs and trains on a box without a network', { timeout: 290_000 }, (context) => {
  if (!requiresBoxes(context)) return;
  const folder = temporaryFolder();
  const [bundle, target, bin] = ['bundle', 'target', 'bin'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(bin);
  for (const name of programs) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    symlinkSync(stdout.trim(), join(bin, name));
  }
  const made = spawnSync(
    process.execPath,
    ['deploy/lockstep.mjs', 'setup', '--bundle', bundle, '--split', '200M'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  assert.equal(made.status, 0, made.stderr);
  assert.ok(readdirSync(bundle).filter((name) => name.startsWith('lockstep.tar.gz.')).length > 1);

  const script = 'ip link set lo up && cd "$1" && exec env -i HOME="$1" PATH="$2" "${@:3}"';
  const box = (...words: readonly string[]): string => {
    const args = ['--net', 'bash', '-c', script, 'box', folder, bin, ...words];
    const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    assert.equal(status, 0, `${words.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  };
  assert.match(box('sh', join(bundle, 'install.sh'), target), /^lockstep \d+\.\d+\.\d+ is in /);
  const lockstep = join(target, 'bin', 'lockstep');
  const trained = JSON.parse(box(lockstep, 'train', ...few.split(' '), '--run-dir', 'run')) as Record<
    string,
    unknown
  >;
  assert.equal(trained['runtime'], 'tensorflow');
  assert.ok(existsSync(join(folder, 'run', 'report.html')));
  const there = spawnSync(
    process.execPath,
    ['deploy/lockstep.mjs', 'train', ...few.split(' '), '--run-dir', join(folder, 'here')],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const here = JSON.parse(there.stdout) as Record<string, unknown>;
  assert.equal(trained['parametersSha256'], here['parametersSha256'], 'the same bits as here');
});

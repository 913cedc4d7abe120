/**
 * The packed release as its user installs it: npm from the registry into an empty folder, `npx lockstep setup`, and a
 * run; with install scripts off, and with them on where TensorFlow's vendor cannot be reached.
 *
 *   npm run install-test
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { packRelease } from '../../support/packed.ts';
import { requiresFile } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const root = resolve(import.meta.dirname, '../../..');
const timeoutMs = 600_000;
const few =
  '--components none --synthetic-rows 200 --batch-size 50 --micro-batch-size 25 --steps 2 --workers 1 --width 32 ' +
  '--picture-every 0 --evaluation-rows 50 --port 0 --http-port none --run-dir run --json';

/** What the clone's own set-up has fetched, so that it is not fetched again. */
const unpacked =
  readdirSync(join(root, '.lockstep')).find((name) => /^tensorflow-.*-cpu$/.test(name)) ?? 'tensorflow';
const nowhere = 'http://127.0.0.1:9'; // where no proxy listens

test(
  'a tarball installs into an empty folder, sets itself up and trains',
  { timeout: timeoutMs },
  (context) => {
    if (!requiresFile(join(root, '.lockstep', unpacked), 'npx lockstep setup', context)) return;
    const folder = temporaryFolder();
    const run = runner(folder);
    const tarball = packRelease(folder);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

    const quiet = emptyProject(folder, 'scripts-off');
    run(quiet, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', tarball);
    assert.equal(run(quiet, 'npx', '--no-install', 'lockstep', '--version').trim(), version);
    assert.equal(
      runtimeOf(run(quiet, 'npx', '--no-install', 'lockstep', 'train', ...few.split(' '))),
      'wasm',
    );
    assert.match(run(quiet, 'npx', '--no-install', 'lockstep', 'setup'), /^TensorFlow +\d/m);
    const again = few.replace('--run-dir run', '--run-dir again').split(' ');
    assert.equal(runtimeOf(run(quiet, 'npx', '--no-install', 'lockstep', 'train', ...again)), 'tensorflow');

    // From npm's cache, which the first installation has filled; everything else is out of reach.
    const cutOff = runner(folder, { HTTPS_PROXY: nowhere, https_proxy: nowhere, LOCKSTEP_OFFLINE: '1' });
    const loud = emptyProject(folder, 'scripts-on');
    cutOff(loud, 'npm', 'install', '--offline', '--ignore-scripts=false', '--no-audit', '--no-fund', tarball);
    assert.ok(
      !existsSync(join(loud, 'node_modules/@tensorflow/tfjs-node-gpu')),
      'npm leaves out what failed',
    );
    assert.equal(
      runtimeOf(cutOff(loud, 'npx', '--no-install', 'lockstep', 'train', ...few.split(' '))),
      'wasm',
    );
    assert.match(cutOff(loud, 'npx', '--no-install', 'lockstep', 'setup'), /^TensorFlow +\d/m);
    assert.equal(runtimeOf(cutOff(loud, 'npx', '--no-install', 'lockstep', 'train', ...again)), 'tensorflow');
  },
);

const runtimeOf = (stdout: string): string => (JSON.parse(stdout) as { runtime: string }).runtime;

/** Runs what must succeed. @returns its standard output */
function runner(folder: string, environment: NodeJS.ProcessEnv = {}) {
  const cache = join(folder, 'cache');
  mkdirSync(join(cache, 'lockstep'), { recursive: true });
  const link = join(cache, 'lockstep', unpacked);
  if (!existsSync(link)) symlinkSync(join(root, '.lockstep', unpacked), link);
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: '3',
    XDG_CACHE_HOME: cache,
    NODE_OPTIONS: '',
    ...environment,
  };
  return (cwd: string, command: string, ...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  };
}

function emptyProject(folder: string, name: string): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{}');
  return project;
}

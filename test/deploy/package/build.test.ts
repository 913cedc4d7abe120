/**
 * The packed release, unpacked into an empty project beside the packages that it names as dependencies, and
 * nothing else: no TypeScript, no tsx, no clone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { packRelease } from '../../support/packed.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const root = resolve(import.meta.dirname, '../../..');
const model = `
  import { defineModel, tf } from 'lockstep';
  export default defineModel(({ featureCount }) => ({
    name: 'mean', statistics: [], termNames: [],
    parameters: [{ name: 'w', shape: [1, featureCount], initialiser: { kind: 'zeros' } }],
    lossSum: ({ w }, { rows }) => ({ loss: tf.sum(tf.square(tf.sub(rows, w))), terms: {} }),
  }));`;
const few =
  '--components none --synthetic-rows 200 --batch-size 50 --micro-batch-size 25 --steps 2 --workers 2 ' +
  '--picture-every 0 --evaluation-rows 50 --port 0 --http-port 0 --runtime wasm --json';

test('a packed release runs in an empty project, on its dependencies alone', () => {
  const folder = temporaryFolder();
  const run = (command: string, args: readonly string[], cwd = folder) => {
    const environment = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), NODE_OPTIONS: '' };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: environment, encoding: 'utf8' });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'lockstep'), { recursive: true });
  const archive = packRelease(folder);
  run('tar', ['-xzf', archive, '--strip-components=1', '-C', join(modules, 'lockstep')]);

  const release = JSON.parse(readFileSync(join(modules, 'lockstep/package.json'), 'utf8')) as Release;
  for (const name of Object.keys(release.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  assert.ok(existsSync(join(modules, 'lockstep', release.exports['.'].types)));
  assert.ok(existsSync(join(modules, 'lockstep/dist/coordinator/page/index.html')));

  const found = ['--input-type=module', '--eval', pins];
  assert.equal(run(process.execPath, found).trim(), 'true', 'the release has the pins of TensorFlow');

  const command = join(modules, 'lockstep', release.bin.lockstep);
  assert.ok(existsSync(join(root, release.bin.lockstep)), 'npx finds it in a bare clone, too');
  assert.equal(run(process.execPath, [command, '--version']).trim(), release.version);
  writeFileSync(join(folder, 'model.mjs'), model);
  const args = [command, 'train', '--model', './model.mjs', '--run-dir', 'run', ...few.split(' ')];
  const summary = JSON.parse(run(process.execPath, args)) as { steps: number; parameterCount: number };
  assert.deepEqual([summary.steps, summary.parameterCount], [2, 3072]);
});

/** Whether set-up knows a TensorFlow that was unpacked for these very pins. */
const pins = `
  import { cpSync, mkdirSync, readFileSync } from 'node:fs';
  import { unpackedWheel } from './node_modules/lockstep/dist/deploy/setup/wheel.mjs';
  const file = './node_modules/lockstep/dist/deploy/setup/requirements/cpu-' + process.arch + '.txt';
  const [, version] = /^tensorflow(?:-cpu)?==(\\S+)/m.exec(readFileSync(file, 'utf8'));
  const folder = 'tensorflow-' + version + '-cpu';
  mkdirSync('pinned/' + folder, { recursive: true });
  cpSync(file, 'pinned/' + folder + '/requirements.txt');
  console.log(unpackedWheel({ cache: 'pinned' }, 'cpu') !== null);`;

interface Release {
  readonly version: string;
  readonly bin: { readonly lockstep: string };
  readonly exports: { readonly '.': { readonly types: string } };
  readonly dependencies: Readonly<Record<string, string>>;
}

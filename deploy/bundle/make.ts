/**
 * Everything that Lockstep needs on a box without a network, in one folder to carry there: Node, the packed release
 * with its packages, the kernels, and TensorFlow with the addon compiled for it.
 *
 * What is packed is a whole installation that runs from wherever it is unpacked:
 *
 *   node/bin/node         this Node
 *   app/node_modules      the release, as npm installs it
 *   cache/lockstep        what set-up makes: TensorFlow and the addon, which finds it by a relative path
 *   bin/lockstep          starts it with that cache
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { runError, unavailableError, usageError } from '../../shared/errors.ts';
import { installAddon } from '../setup/addon.mjs';
import { compilerOf } from '../setup/facts.mjs';
import type { Paths } from '../setup/paths.mjs';
import { isOnPath, run, withTemporaryFolder } from '../setup/process.mjs';
import { withProgress } from '../setup/progress.mjs';
import { fetchWheel, unpackedWheel } from '../setup/wheel.mjs';
import { packTree } from './pack.ts';

export interface BundleRequest {
  readonly dir: string; // new or empty
  readonly cuda: boolean; // TensorFlow's CUDA build with NVIDIA's libraries, for boxes with a GPU
  readonly partBytes: number; // of a file, at most
}

const launcher = `#!/bin/sh
# Starts Lockstep from wherever it was unpacked.
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
XDG_CACHE_HOME=$here/cache exec "$here/node/bin/node" "$here/app/node_modules/lockstep/dist/deploy/lockstep.mjs" "$@"
`;

/** What a running installation does not need, or makes again. */
const leftOut = [
  '*/tensorflow/include',
  '*/napi-v8/tfjs_binding.node',
  './app/node_modules/.bin',
  './cache/lockstep/tmp',
];

/** @returns bytes of the bundle. @throws LockstepError (64 for the folder, 69 for what is missing, 1) */
export async function makeBundle({ dir, cuda, partBytes }: BundleRequest, paths: Paths): Promise<number> {
  const to = resolve(dir);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw usageError(`--bundle ${dir} holds something already: name a new folder, or empty it`);
  const system = systemName();
  for (const program of ['npm', 'tar', 'gzip', compilerOf(paths)]) {
    if (!isOnPath(program, paths.environment))
      throw unavailableError(`--bundle needs ${program}, which is not on the PATH: install it`);
  }
  return withTemporaryFolder(paths, async (temporary) => {
    const tree = join(temporary, 'tree');
    mkdirSync(join(tree, 'node', 'bin'), { recursive: true });
    cpSync(process.execPath, join(tree, 'node', 'bin', 'node'));
    mkdirSync(join(tree, 'bin'));
    writeFileSync(join(tree, 'bin', 'lockstep'), launcher, { mode: 0o755 });
    await installRelease(paths, temporary, join(tree, 'app'));
    await installTensorflow(paths, tree, cuda ? 'gpu' : 'cpu');
    const partial = `${to}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    try {
      const packing = { tree, dir: partial, partBytes, exclude: leftOut, system };
      const bytes = await withProgress(`packing it into ${dir}`, () => packTree(packing));
      rmSync(to, { recursive: true, force: true });
      renameSync(partial, to);
      return bytes;
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  });
}

/** As `uname -sm` says it. @throws LockstepError (69) where there is no TensorFlow for it */
function systemName(): string {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string];
  if (process.platform === 'linux' && machine !== undefined) return `Linux ${machine}`;
  throw unavailableError(
    `--bundle packs for the kind of machine that it runs on, and TensorFlow is for Linux on x64 and arm64: this is ` +
      `${process.platform} on ${process.arch}`,
  );
}

/** The release as a user's npm installs it, from a tarball of this very version. */
async function installRelease(paths: Paths, temporary: string, app: string): Promise<void> {
  const { root } = paths;
  const [program, ...words] = paths.isClone
    ? [process.execPath, join(root, 'deploy', 'package', 'pack.mjs'), temporary]
    : ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', temporary];
  await must('packing the release', program, words, root);
  const tarball = readdirSync(temporary).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw runError('npm pack left no tarball');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n');
  const install = [
    'install',
    '--ignore-scripts',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    join(temporary, tarball),
  ];
  await must("installing it with npm's packages", 'npm', install, app);
}

/** From this installation's cache where it is there. */
async function installTensorflow(paths: Paths, tree: string, flavour: 'cpu' | 'gpu'): Promise<void> {
  const inside: Paths = {
    root: join(tree, 'app', 'node_modules', 'lockstep'),
    isClone: false,
    cache: join(tree, 'cache', 'lockstep'),
    environment: paths.environment,
  };
  mkdirSync(inside.cache, { recursive: true });
  const here = unpackedWheel(paths, flavour);
  if (here !== null)
    symlinkSync(resolve(paths.cache, here.folder), join(inside.cache, basename(here.folder)));
  const { library, problem } = await fetchWheel(inside, flavour);
  const why = library === null ? problem : await installAddon(inside, library, compilerOf(paths));
  if (why !== null)
    throw unavailableError(`--bundle could not get TensorFlow: ${why}: mend that, and run it again`);
}

/** @throws LockstepError (1) with the program's last words */
async function must(what: string, command: string, args: readonly string[], cwd: string): Promise<void> {
  const { ok, output } = await withProgress(what, () => run(command, args, { cwd }));
  if (!ok) throw runError(`${what} failed: ${output.trim().split('\n').at(-1) ?? 'it said nothing'}`);
}

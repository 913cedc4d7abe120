/**
 * Compiles what a packed release consists of: the TypeScript in the same folders, with types; beside it every file
 * that is read as it is (the live page, requirements, C++ sources); and the kernels.
 *
 * Development dependencies are needed here, and only here.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { packageFolder } from '../setup/paths.mjs';

/** @typedef {import('../setup/paths.mjs').Paths} Paths */

const folders = ['shared', 'coordinator', 'worker', 'deploy'];
const notPacked = /^(shared\/math\/assembly|deploy\/package|deploy\/container)\//; // a container is built of a clone
const pageFolder = 'coordinator/page'; // its scripts go to browsers as they were written

/**
 * @param {Paths} paths of a clone
 * @param {string} target a folder that is not there yet
 * @returns {number} the exit code
 */
export function compile(paths, target) {
  const { root } = paths;
  const kernels = join(paths.cache, 'kernels', 'kernels.wasm');
  if (!existsSync(kernels)) {
    console.error('lockstep: the kernels are not compiled: run `node deploy/setup.mjs` first');
    return 69;
  }
  const compiler = join(packageFolder(paths, 'typescript') ?? '', 'bin', 'tsc');
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', target];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) return 1;
  for (const folder of folders) copyAsTheyAre(root, folder, target);
  mkdirSync(join(target, 'kernels'));
  cpSync(kernels, join(target, 'kernels', 'kernels.wasm'));
  rmSync(join(target, 'deploy', 'package'), { recursive: true, force: true });
  return 0;
}

/**
 * What the compiler does not make.
 * @param {string} root
 * @param {string} folder in it
 * @param {string} target
 */
function copyAsTheyAre(root, folder, target) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (!entry.isFile() || notPacked.test(path) || path.includes('__pycache__')) continue;
    const isCompiled = ['.ts', '.mts', '.mjs'].includes(extname(path)) && !path.startsWith(`${pageFolder}/`);
    if (!isCompiled && !path.endsWith('.d.mts')) cpSync(join(root, path), join(target, path));
  }
}

/**
 * Makes `dist/`, which is what a packed release consists of: the TypeScript compiled in the same folders, with
 * types; beside it every file that is read as it is (the live page, requirements, C++ sources); and the kernels.
 *
 *   npm run release      this, and then npm pack; alone, in a clone, npm pack runs no script: .npmrc keeps them off
 *
 * It is made beside its place and moved into it whole. Development dependencies are needed here, and only here.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { packageFolder, findPaths } from '../setup/paths.mjs';

const folders = ['shared', 'coordinator', 'worker', 'deploy'];
const notPacked = /^(shared\/math\/assembly|deploy\/package|deploy\/container)\//; // a container is built of a clone
const pageFolder = 'coordinator/page'; // its scripts go to browsers as they were written

const paths = findPaths();
const { root } = paths;
const partial = join(paths.cache, 'dist.partial');

rmSync(partial, { recursive: true, force: true });
process.exitCode = build();
rmSync(partial, { recursive: true, force: true });

/** @returns {number} the exit code */
function build() {
  const kernels = join(paths.cache, 'kernels', 'kernels.wasm');
  if (!existsSync(kernels)) {
    console.error('lockstep: the kernels are not compiled: run `node deploy/setup.mjs` first');
    return 69;
  }
  const compiler = join(packageFolder(paths, 'typescript') ?? '', 'bin', 'tsc');
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', partial];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) return 1;
  for (const folder of folders) copyAsTheyAre(folder);
  mkdirSync(join(partial, 'kernels'));
  cpSync(kernels, join(partial, 'kernels', 'kernels.wasm'));
  rmSync(join(partial, 'deploy', 'package'), { recursive: true, force: true });
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  renameSync(partial, dist);
  return 0;
}

/** What the compiler does not make. @param {string} folder */
function copyAsTheyAre(folder) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (!entry.isFile() || notPacked.test(path) || path.includes('__pycache__')) continue;
    const isCompiled = ['.ts', '.mts', '.mjs'].includes(extname(path)) && !path.startsWith(`${pageFolder}/`);
    if (!isCompiled && !path.endsWith('.d.mts')) cpSync(join(root, path), join(partial, path));
  }
}

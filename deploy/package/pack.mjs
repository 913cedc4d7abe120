/**
 * Packs a release of this clone, with what is compiled for it: npm pack would leave that out, since .npmrc keeps scripts off.
 *
 *   npm run release, or node deploy/package/pack.mjs FOLDER
 *
 * It is laid out in a folder of its own, so that two may be made at a time. Development dependencies
 * are needed here, and only here. Prints the tarball's path.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { findPaths, packageFolder } from '../setup/paths.mjs';

const folders = ['shared', 'coordinator', 'worker', 'deploy'];
const notPacked = /^(shared\/math\/assembly|deploy\/package|deploy\/container)\//; // a container is built of a clone
const pageFolder = 'coordinator/page'; // its scripts go to browsers as they were written

const paths = findPaths();
const { root } = paths;
mkdirSync(paths.cache, { recursive: true });
const stage = mkdtempSync(join(paths.cache, 'release-'));
process.exitCode = compile(join(stage, 'dist')) || pack(resolve(process.argv[2] ?? '.'));
rmSync(stage, { recursive: true, force: true });

/**
 * The TypeScript in the same folders, with types; beside it every file that is read as it is (the live page,
 * requirements, C++ sources); and the kernels.
 * @param {string} target a folder that is not there yet
 * @returns {number} the exit code
 */
function compile(target) {
  const kernels = join(paths.cache, 'kernels', 'kernels.wasm');
  if (!existsSync(kernels)) {
    console.error('lockstep: the kernels are not compiled: run `node deploy/setup.mjs` first');
    return 69;
  }
  const compiler = join(packageFolder(paths, 'typescript') ?? '', 'bin', 'tsc');
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', target];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) return 1;
  for (const folder of folders) copyAsTheyAre(folder, target);
  mkdirSync(join(target, 'kernels'));
  cpSync(kernels, join(target, 'kernels', 'kernels.wasm'));
  rmSync(join(target, 'deploy', 'package'), { recursive: true, force: true });
  return 0;
}

/** What the compiler does not make. @param {string} folder @param {string} target */
function copyAsTheyAre(folder, target) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (!entry.isFile() || notPacked.test(path) || path.includes('__pycache__')) continue;
    const isCompiled = ['.ts', '.mts', '.mjs'].includes(extname(path)) && !path.startsWith(`${pageFolder}/`);
    if (!isCompiled && !path.endsWith('.d.mts')) cpSync(join(root, path), join(target, path));
  }
}

/** @param {string} destination @returns {number} the exit code */
function pack(destination) {
  /** @type {{ files: string[] }} */
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const plain = files.filter((path) => path !== 'dist').map((path) => path.replace(/\/\*.*$/, ''));
  for (const path of ['package.json', 'README.md', 'LICENSE', ...plain])
    cpSync(join(root, path), join(stage, path), { recursive: true });
  const words = ['pack', '--ignore-scripts', '--silent', '--pack-destination', destination];
  const { status, stdout } = spawnSync('npm', words, {
    cwd: stage,
    stdio: ['ignore', 'pipe', 2],
    encoding: 'utf8',
  });
  if (status !== 0) return 1;
  console.log(join(destination, stdout.trim()));
  return 0;
}

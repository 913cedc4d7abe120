/**
 * Compiles `shared/math/assembly` from AssemblyScript to one WebAssembly module with SIMD, when its sources, its
 * compiler or its options have changed since the last time.
 *
 * A digest of all three lies beside the module. It is removed before the module is replaced and written after,
 * so an interruption in between means one compilation too many and never a module that passes for another.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './paths.mjs';
import { run, SetupError, withTemporaryFolder } from './process.mjs';
import { withProgress } from './progress.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */

// No relaxed SIMD: its results differ from one CPU to another. Memory is the caller's, so that threads share it.
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--importMemory'];

/**
 * @param {Paths} paths
 * @returns {boolean}
 */
export function kernelsAreCurrent(paths) {
  const { module, digestFile } = places(paths);
  return existsSync(module) && existsSync(digestFile) && readFileSync(digestFile, 'utf8') === digest(paths);
}

/**
 * @param {Paths} paths
 * @throws {SetupError} when the sources do not compile
 */
export async function buildKernels(paths) {
  const { folder, module, digestFile } = places(paths);
  const compiler = join(compilerFolder(paths), 'bin', 'asc.js');
  const wanted = digest(paths);
  await withTemporaryFolder(paths, async (temporary) => {
    const built = join(temporary, 'kernels.wasm');
    const args = [compiler, join(sourceFolder(paths), 'index.ts'), '--outFile', built, ...OPTIONS];
    const { ok, output } = await withProgress('compiling the WASM kernels', () =>
      run(process.execPath, args, { cwd: paths.root }),
    );
    if (!ok) throw new SetupError(`the WASM kernels do not compile:\n${output.trim()}`, 1);
    mkdirSync(folder, { recursive: true });
    rmSync(digestFile, { force: true });
    renameSync(built, module);
    writeFileSync(join(temporary, 'digest'), wanted);
    renameSync(join(temporary, 'digest'), digestFile);
  });
}

/** @param {Paths} paths */
function places(paths) {
  const folder = join(paths.cache, 'kernels');
  return { folder, module: join(folder, 'kernels.wasm'), digestFile: join(folder, 'kernels.sha256') };
}

/** @param {Paths} paths */
const sourceFolder = (paths) => join(paths.root, 'shared', 'math', 'assembly');

/** @param {Paths} paths */
function compilerFolder(paths) {
  const folder = packageFolder(paths, 'assemblyscript');
  if (!folder)
    throw new SetupError('the package assemblyscript is missing: run `npm ci --ignore-scripts`', 1);
  return folder;
}

/**
 * @param {Paths} paths
 * @returns {string} hexadecimal SHA-256 of everything that the module is made from
 */
function digest(paths) {
  const hash = createHash('sha256').update(OPTIONS.join(' '));
  const { version } = JSON.parse(readFileSync(join(compilerFolder(paths), 'package.json'), 'utf8'));
  hash.update(version);
  const folder = sourceFolder(paths);
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

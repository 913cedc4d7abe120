/**
 * Packs a release of this clone, as npm pack would if it ran scripts, which .npmrc keeps off:
 *
 *   node deploy/package/pack.mjs [FOLDER]      this one, without FOLDER
 *
 * It is laid out in a folder of its own, so that two may be made at a time. Prints the tarball's path.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findPaths } from '../setup/paths.mjs';
import { compile } from './compile.mjs';

const paths = findPaths();
const stage = mkdtempSync(join(paths.cache, 'release-'));
process.exitCode = compile(paths, join(stage, 'dist')) || pack(resolve(process.argv[2] ?? '.'));
rmSync(stage, { recursive: true, force: true });

/** @param {string} destination @returns {number} the exit code */
function pack(destination) {
  /** @type {{ files: string[] }} */
  const { files } = JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8'));
  const plain = files.filter((path) => path !== 'dist').map((path) => path.replace(/\/\*.*$/, ''));
  for (const path of ['package.json', 'README.md', 'LICENSE', ...plain])
    cpSync(join(paths.root, path), join(stage, path), { recursive: true });
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

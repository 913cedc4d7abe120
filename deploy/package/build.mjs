/**
 * Makes `dist/` in a clone, beside its place and moved into it whole: what npm runs before it packs, where it runs scripts.
 */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPaths } from '../setup/paths.mjs';
import { compile } from './compile.mjs';

const paths = findPaths();
const aside = mkdtempSync(join(paths.cache, 'dist-'));
process.exitCode = compile(paths, join(aside, 'dist'));
if (process.exitCode === 0) {
  const dist = join(paths.root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  renameSync(join(aside, 'dist'), dist);
}
rmSync(aside, { recursive: true, force: true });

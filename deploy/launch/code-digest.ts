/**
 * Which code a clone runs: two of one version may be of two commits, and then bits, and what they say to each
 * other, may differ in ways that no version number shows.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPaths } from '../setup/paths.mjs';

const folders = ['coordinator', 'deploy', 'shared', 'worker'];
const shown = 12; // digits

/** @returns a digest of the sources of a clone; null for an installed package, which its version names */
export function codeDigest({ root, isClone } = findPaths()): string | null {
  if (!isClone) return null;
  const hash = createHash('sha256');
  for (const name of folders.flatMap((folder) => sourcesIn(root, folder)).sort()) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, shown);
}

const sourcesIn = (root: string, folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);

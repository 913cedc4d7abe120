/** The version of this package, as its package.json says it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPaths } from '../setup/paths.mjs';

export function packageVersion(): string {
  const text = readFileSync(join(findPaths().root, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The packed release of this clone. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { spawnSync } from 'node:child_process';

const root = resolve(import.meta.dirname, '../..');

/** @returns the path of the archive in `folder`. @throws with what was said when it cannot be made */
export function packRelease(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const words = ['deploy/package/pack.mjs', folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`no release could be packed:\n${stderr}`);
  return stdout.trim();
}

/** The packed release, as `npm pack` makes it of this clone. Tests that want it at the same time make it in turn. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';

const root = resolve(import.meta.dirname, '../..');

/** @returns the path of the archive in `folder`. @throws with what was said when it cannot be made */
export function packRelease(folder: string): string {
  const lock = join(root, '.lockstep', 'pack.lock');
  const steps = `'${process.execPath}' deploy/package/build.mjs && npm pack --ignore-scripts --pack-destination "$1"`;
  mkdirSync(folder, { recursive: true });
  const words = [lock, 'sh', '-c', steps, 'sh', folder];
  const { status, stdout, stderr } = spawnSync('flock', words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`no release could be packed:\n${stdout}\n${stderr}`);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
  );
}

/**
 * Who owns a run folder: the highest incarnation that was ever claimed in it.
 *
 * Incarnation N is the file `owner-N.json`, made by exclusive creation, so that no two processes can claim the
 * same one, on any file system. Its content tells people who it is; only its name is believed. A process that
 * lost the folder (it was suspended, its machine was thought dead) finds a higher number, and writes nothing.
 */
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhollySync } from '../../shared/data/atomic-file.ts';
import { configurationError } from '../../shared/errors.ts';

export interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly startedAt: string; // ISO 8601
}

const pattern = /^owner-(\d{1,15})\.json$/;
const fileOf = (folder: string, incarnation: number): string => join(folder, `owner-${incarnation}.json`);

/** Incarnations that have a file, ascending. */
export function incarnationsIn(folder: string): number[] {
  const numbers = readdirSync(folder).map((name) => Number(pattern.exec(name)?.[1] ?? NaN));
  return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
}

/** Takes the folder over from whoever had it. @returns the new incarnation, above all earlier ones */
export function claimNext(folder: string, owner: Owner): number {
  for (;;) {
    const incarnation = (incarnationsIn(folder).at(-1) ?? 0) + 1;
    if (!claim(folder, incarnation, owner)) continue; // somebody was faster
    const all = incarnationsIn(folder);
    // Somebody may have claimed more than one since we looked, and removed the one that we then made.
    if (all.at(-1) !== incarnation) {
      rmSync(fileOf(folder, incarnation), { force: true });
      continue;
    }
    for (const old of all.slice(0, -1)) rmSync(fileOf(folder, old), { force: true });
    return incarnation;
  }
}

/** @returns whether it was free */
export function claim(folder: string, incarnation: number, owner: Owner): boolean {
  let file: number;
  try {
    file = openSync(fileOf(folder, incarnation), 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeWhollySync(file, Buffer.from(`${JSON.stringify({ incarnation, ...owner })}\n`));
  } finally {
    closeSync(file);
  }
  return true;
}

/** @throws LockstepError (78) when a newer incarnation owns the folder, or the folder is not the one it was */
export function assertOwner(folder: string, incarnation: number): void {
  const newest = incarnationsIn(folder).at(-1);
  if (newest === incarnation) return;
  const found = newest === undefined ? 'has no owner any more' : `belongs to incarnation ${newest}`;
  throw configurationError(
    `a second coordinator took over ${folder}: it ${found}, this process is incarnation ${incarnation}; ` +
      'it writes nothing more: stop one of the two',
  );
}

/**
 * The checkpoints of a run: which there are, which is the latest and which the best, and which may go.
 *
 * `latest` and `best` are small text files that hold a file's name: replaced atomically, they survive any crash
 * and any copy of the folder. They are conveniences: on resuming, the newest checkpoint that is whole is taken,
 * whatever `latest` says, and each checkpoint says itself whether it was the best so far.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  syncFolder,
  writeFileAtomically,
  writeFileAtomicallySync,
  writeWholly,
} from '../../shared/data/atomic-file.ts';
import { dataError, LockstepError } from '../../shared/errors.ts';
import { readCheckpointInfo, readSnapshot, type Checkpoint } from './checkpoint.ts';

export type Pointer = 'latest' | 'best';

const pattern = /^step-(\d{8,15})\.safetensors$/;

export const checkpointName = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`;

/** Steps that a folder has a checkpoint of, ascending. */
export function checkpointSteps(folder: string): number[] {
  const steps = readdirSync(folder).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

export function setPointer(folder: string, pointer: Pointer, step: number): void {
  writeFileAtomicallySync(join(folder, pointer), `${checkpointName(step)}\n`);
}

/** The same without holding up the process. @param beforeRename the last moment to refuse, by throwing */
export const movePointer = (
  folder: string,
  pointer: Pointer,
  step: number,
  beforeRename: () => void,
): Promise<void> =>
  writeFileAtomically(
    join(folder, pointer),
    (handle) => writeWholly(handle, Buffer.from(`${checkpointName(step)}\n`)),
    beforeRename,
  );

/** @returns the path of the checkpoint, null without one. @throws LockstepError (65) where it names no file */
export function readPointer(folder: string, pointer: Pointer): string | null {
  const file = join(folder, pointer);
  if (!existsSync(file)) return null;
  const name = readFileSync(file, 'utf8').trim();
  if (pattern.test(name) && existsSync(join(folder, name))) return join(folder, name);
  const found = JSON.stringify(name.slice(0, 80));
  throw dataError(`${file} names ${found}, which is no checkpoint there; name one of ${folder} yourself`);
}

/**
 * Removes all but the newest `keep` checkpoints and the best.
 * @returns the names removed
 */
export async function removeOldCheckpoints(
  folder: string,
  keep: number,
  bestStep: number | null,
): Promise<string[]> {
  const steps = checkpointSteps(folder);
  const old = steps
    .slice(0, Math.max(0, steps.length - Math.max(1, keep)))
    .filter((step) => step !== bestStep);
  for (const step of old) await rm(join(folder, checkpointName(step)), { force: true });
  return old.map(checkpointName);
}

/**
 * Loads the newest checkpoint that is whole. Damaged ones that are newer are set aside (`.damaged`), so that they
 * neither count as kept ones nor are tried again, and the pointers are mended.
 * @returns the checkpoint, the step of the best one, and a message about each damaged one
 * @throws LockstepError (65) when there is none that is whole; then nothing is touched
 */
export function loadNewest(folder: string): {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  readonly bestStep: number | null;
  readonly messages: readonly string[];
} {
  const messages: string[] = [];
  const damaged: string[] = [];
  for (const step of checkpointSteps(folder).reverse()) {
    const path = join(folder, checkpointName(step));
    const checkpoint = readIfWhole(path, messages);
    if (checkpoint === null) {
      damaged.push(path);
      continue;
    }
    for (const file of damaged) renameSync(file, `${file}.damaged`);
    if (damaged.length > 0) syncFolder(folder);
    return { checkpoint, path, bestStep: mendPointers(folder, step), messages };
  }
  const found = messages.length === 0 ? 'it holds none' : messages.join('; ');
  throw dataError(`no checkpoint of ${folder} can be loaded: ${found}; start a new run`);
}

function readIfWhole(path: string, messages: string[]): Checkpoint | null {
  try {
    return readSnapshot(path);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    messages.push(`DAMAGED CHECKPOINT, passed over: ${error.message}`);
    return null;
  }
}

/** Sets both pointers to what the checkpoints say: a crash may have come between a checkpoint and its pointer. */
function mendPointers(folder: string, latestStep: number): number | null {
  setPointer(folder, 'latest', latestStep);
  const isBest = (step: number): boolean => {
    try {
      return readCheckpointInfo(join(folder, checkpointName(step))).best;
    } catch (error) {
      if (error instanceof LockstepError) return false; // an older one, damaged: no candidate
      throw error;
    }
  };
  const bestStep = checkpointSteps(folder).reverse().find(isBest) ?? null;
  if (bestStep === null) rmSync(join(folder, 'best'), { force: true });
  else setPointer(folder, 'best', bestStep);
  return bestStep;
}

/**
 * The checkpoint that a person means by a path: a .safetensors file itself, or a run folder or its `checkpoints`
 * folder, of which the best is taken, else the latest.
 * @throws LockstepError (65) where there is none
 */
export function resolveCheckpoint(path: string): string {
  if (!existsSync(path)) throw dataError(`${path}: no such file or folder; check the path of the checkpoint`);
  if (!statSync(path).isDirectory()) return path;
  const inner = join(path, 'checkpoints');
  const folder = existsSync(inner) ? inner : path;
  const found = readPointer(folder, 'best') ?? readPointer(folder, 'latest');
  if (found !== null) return found;
  const newest = checkpointSteps(folder).at(-1);
  if (newest !== undefined) return join(folder, checkpointName(newest));
  throw dataError(
    `${path} holds no checkpoint: expected a run folder, its checkpoints, or a .safetensors file`,
  );
}

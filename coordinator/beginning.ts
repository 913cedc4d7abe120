/**
 * Where a run begins: in a new folder, from the seed or from given parameters; or where an earlier run's last
 * checkpoint left it, with the history cut back to it.
 */
import { dataError } from '../shared/errors.ts';
import type { Snapshot } from './journal.ts';
import { checkpointSteps, loadNewest, resolveCheckpoint } from './run/checkpoint-folder.ts';
import { readSnapshot } from './run/checkpoint.ts';
import { cutHistory } from './run/history.ts';
import type { RunFolder } from './run/run-folder.ts';

export interface Beginning {
  readonly snapshot: Snapshot | null; // null: from the first step
  readonly bestStep: number | null; // of the checkpoints that are there
  readonly messages: readonly string[]; // that somebody should read
}

/** @throws LockstepError (65) when no checkpoint is whole, or it is one of other data */
export function resumeFrom(folder: RunFolder, dataHash: string): Beginning {
  if (checkpointSteps(folder.checkpoints).length === 0) {
    cutHistory(folder.path, 0);
    const message = `${folder.path} holds no checkpoint yet: it begins anew, from the first step`;
    return { snapshot: null, bestStep: null, messages: [message] };
  }
  const { checkpoint, path, bestStep, messages } = loadNewest(folder.checkpoints);
  if (checkpoint.info.dataHash !== dataHash) {
    const [got, expected] = [dataHash, checkpoint.info.dataHash].map((hash) => hash.slice(0, 12));
    throw dataError(
      `${path} was trained on other data: got ${got}, expected ${expected}; give it the same files`,
    );
  }
  cutHistory(folder.path, checkpoint.snapshot.progress.step);
  return { snapshot: checkpoint.snapshot, bestStep, messages };
}

/** The parameters of a checkpoint, [P]. @param path a run folder, or a checkpoint in one */
export const parametersOf = (path: string): Float32Array =>
  readSnapshot(resolveCheckpoint(path)).snapshot.parameters;

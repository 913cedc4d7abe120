/**
 * Where a run begins: in a new folder, from the seed or from given parameters; or where an earlier run's last
 * checkpoint left it, with the history cut back to it.
 */
import { dataError, usageError } from '../shared/errors.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import type { Snapshot } from './journal.ts';
import { checkpointSteps, loadNewest, resolveCheckpoint } from './run/checkpoint-folder.ts';
import { readSnapshot } from './run/checkpoint.ts';
import { cutHistory } from './run/history.ts';
import type { RunFolder } from './run/run-folder.ts';

export interface Beginning {
  readonly snapshot: Snapshot | null; // null: from the first step
  readonly initial: InitialParameters | null; // null: from the seed, or the snapshot
  readonly bestStep: number | null; // of the checkpoints that are there
  readonly messages: readonly string[]; // that somebody should read
}

export interface InitialParameters {
  readonly path: string; // of the checkpoint
  readonly parameters: Float32Array; // [P]
  readonly model: ModelDescription; // that they are of
}

/** @throws LockstepError (65) when no checkpoint is whole, or it is one of other data */
export function resumeFrom(folder: RunFolder, dataHash: string): Beginning {
  if (checkpointSteps(folder.checkpoints).length === 0) {
    cutHistory(folder.path, 0);
    const message = `${folder.path} holds no checkpoint yet: it begins anew, from the first step`;
    return { snapshot: null, initial: null, bestStep: null, messages: [message] };
  }
  const { checkpoint, path, bestStep, messages } = loadNewest(folder.checkpoints);
  if (checkpoint.info.dataHash !== dataHash) {
    const [got, expected] = [dataHash, checkpoint.info.dataHash].map((hash) => hash.slice(0, 12));
    throw dataError(
      `${path} was trained on other data: got ${got}, expected ${expected}; give it the same files`,
    );
  }
  cutHistory(folder.path, checkpoint.snapshot.progress.step);
  return { snapshot: checkpoint.snapshot, initial: null, bestStep, messages };
}

/**
 * Reads the parameters that a new run begins with.
 * @param path a run folder, or a checkpoint in one
 * @param seed of the new run
 * @throws LockstepError 65 where there is no whole checkpoint; 64 where its frozen parameters are of another seed
 */
export function readInitial(path: string, seed: number): InitialParameters {
  const file = resolveCheckpoint(path);
  const { info, snapshot } = readSnapshot(file);
  const { parameters, model } = snapshot;
  const isPartlyFrozen = model.parameters.some(({ frozen }) => frozen === true);
  if (isPartlyFrozen && info.config.seed !== seed) {
    throw usageError(
      `--init-from ${path} has frozen parameters, made from its seed ${info.config.seed}, and this run's seed ` +
        `is ${seed}, which would make others: add --seed ${info.config.seed}`,
    );
  }
  return { path: file, parameters, model };
}

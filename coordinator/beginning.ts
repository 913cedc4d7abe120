/**
 * Where a run begins: in a new folder, from the seed or from given parameters; or where an earlier run's last
 * checkpoint left it, with the history cut back to it.
 *
 * The arrays of a checkpoint are three times as large as the model. They are handed over once, to whoever loads
 * them into the reducers, so that nobody keeps them beside the copies that train.
 */
import assert from 'node:assert/strict';
import { dataError, usageError } from '../shared/errors.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import type { Snapshot } from './journal.ts';
import type { Progress } from './progress.ts';
import type { FirstValues } from './state.ts';
import { checkpointSteps, loadNewest, resolveCheckpoint } from './run/checkpoint-folder.ts';
import { readSnapshot } from './run/checkpoint.ts';
import { cutHistory } from './run/history.ts';
import type { RunFolder } from './run/run-folder.ts';

export interface Beginning {
  readonly progress: Progress | null; // of the checkpoint; null: from the first step
  readonly model: ModelDescription | null; // likewise
  readonly initial: InitialParameters | null; // null: from the seed, or the checkpoint
  readonly bestStep: number | null; // of the checkpoints that are there
  readonly messages: readonly string[]; // that somebody should read
  /** What the run begins with. To be called once. */
  readonly take: () => FirstValues;
}

export interface InitialParameters {
  readonly path: string; // of the checkpoint
  readonly model: ModelDescription; // that they are of
  /** [P]. To be called once. */
  readonly take: () => Float32Array;
}

/** A new run, from its seed or from given parameters. */
export const beginAnew = (initial: InitialParameters | null): Beginning => ({
  progress: null,
  model: null,
  initial,
  bestStep: null,
  messages: [],
  take: () => ({ snapshot: null, parameters: initial?.take() ?? null }),
});

/** @throws LockstepError (65) when no checkpoint is whole, or it is one of other data */
export function resumeFrom(folder: RunFolder, dataHash: string): Beginning {
  if (checkpointSteps(folder.checkpoints).length === 0) {
    cutHistory(folder.path, 0);
    const message = `${folder.path} holds no checkpoint yet: it begins anew, from the first step`;
    return { ...beginAnew(null), messages: [message] };
  }
  const { checkpoint, path, bestStep, messages } = loadNewest(folder.checkpoints);
  if (checkpoint.info.dataHash !== dataHash) {
    const [got, expected] = [dataHash, checkpoint.info.dataHash].map((hash) => hash.slice(0, 12));
    throw dataError(
      `${path} was trained on other data: got ${got}, expected ${expected}; give it the same files`,
    );
  }
  const { progress, model } = checkpoint.snapshot;
  cutHistory(folder.path, progress.step);
  const takeSnapshot = once(checkpoint.snapshot);
  const take = (): FirstValues => ({ snapshot: takeSnapshot(), parameters: null });
  return { progress, model, initial: null, bestStep, messages, take };
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
  return { path: file, model, take: once(parameters) };
}

/** Hands a value over, and holds it no more. */
function once<Value extends Snapshot | Float32Array>(value: Value): () => Value {
  let held: Value | null = value;
  return () => {
    const taken = held;
    assert(taken !== null, 'what a run begins with is taken once');
    held = null;
    return taken;
  };
}

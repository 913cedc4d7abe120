/**
 * Everything that a report tells of a run, read from its folder. What a run has not written yet (pictures, an
 * evaluation, a checkpoint) is null or empty; what is damaged is an error.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import type { EvaluationRecord, StepRecord } from '../../coordinator/journal.ts';
import { readPointer } from '../../coordinator/run/checkpoint-folder.ts';
import type { CheckpointInfo } from '../../coordinator/run/checkpoint-info.ts';
import { readCheckpointInfo } from '../../coordinator/run/checkpoint.ts';
import { readEpochs, readHistory } from '../../coordinator/run/history.ts';
import { readRunConfig } from '../../coordinator/run/run-folder.ts';
import { dataError } from '../../shared/errors.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { readSharpness, type SharpnessRecord } from '../trained/sharpness-file.ts';

/** What the model learned of each component beside what the data have; both [K], in the order of components. */
export interface ComponentVariance {
  readonly eigenvalues: readonly number[];
  readonly learned: readonly number[];
}

export interface PictureFile {
  readonly name: string; // without step and extension
  readonly step: number | null; // null: the latest, kept under the bare name
  readonly path: string;
}

export interface Run {
  readonly dir: string; // absolute
  readonly name: string;
  readonly config: Config;
  readonly steps: readonly StepRecord[];
  readonly evaluations: readonly EvaluationRecord[];
  readonly checkpoint: CheckpointInfo | null; // the latest
  readonly componentVariance: ComponentVariance | null;
  readonly pictures: readonly PictureFile[];
  readonly sharpness: SharpnessRecord | null; // of the latest checkpoint; null where it was not measured
}

const numbers = z.array(z.number()).min(1);
const varianceSchema = z
  .object({ eigenvalues: numbers, learned: numbers })
  .refine(
    ({ eigenvalues, learned }) => eigenvalues.length === learned.length,
    'both need the same components',
  );

/** @throws LockstepError (65) when the folder is no run, or something in it is damaged */
export function readRun(runDir: string): Run {
  const dir = resolve(runDir);
  const config = readRunConfig(dir);
  const latest = readPointer(join(dir, 'checkpoints'), 'latest');
  const checkpoint = latest === null ? null : readCheckpointInfo(latest);
  return {
    dir,
    name: basename(dir),
    config,
    steps: readHistory(dir),
    evaluations: readEpochs(dir),
    checkpoint,
    componentVariance: readComponentVariance(join(dir, 'component-variance.json')),
    pictures: listPictures(join(dir, 'pictures')),
    sharpness: sharpnessOf(dir, checkpoint),
  };
}

/** Of a checkpoint that is no longer the latest, it is not the run's. */
function sharpnessOf(dir: string, checkpoint: CheckpointInfo | null): SharpnessRecord | null {
  const found = readSharpness(dir);
  return found?.parametersSha256 === checkpoint?.parametersSha256 ? found : null;
}

function readComponentVariance(path: string): ComponentVariance | null {
  if (!existsSync(path)) return null;
  try {
    return varianceSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw dataError(
      `${path} is damaged: expected {"eigenvalues": [...], "learned": [...]} of one length; remove it`,
      error,
    );
  }
}

const picturePattern = /^(?<name>[\w.-]+?)(?:-step-(?<step>\d{8}))?\.png$/;

function listPictures(folder: string): PictureFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const groups = picturePattern.exec(file)?.groups;
      if (groups === undefined) return [];
      const step = groups['step'] === undefined ? null : Number(groups['step']);
      return [{ name: groups['name'] ?? file, step, path: join(folder, file) }];
    });
}

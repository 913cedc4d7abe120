/** A sweep and the runs of its trials that have ended, read from its folder. */
import { basename, join, resolve } from 'node:path';
import type { TrialPlan } from '../../sweep/plan.ts';
import { readSweepFile, type SweepFile, type TrialRecord } from '../../sweep/sweep-file.ts';
import { readRun, type Run } from '../read-run.ts';

export interface Trial {
  readonly plan: TrialPlan;
  readonly run: Pick<Run, 'steps' | 'evaluations' | 'pictures' | 'sharpness'>;
}

export interface Sweep {
  readonly dir: string; // absolute
  readonly name: string;
  readonly file: Pick<SweepFile, 'command' | 'unit' | 'referenceBatchSize' | 'budget'>;
  readonly trials: readonly Trial[]; // finished, with an evaluation
  readonly others: readonly TrialRecord[]; // failed, or not finished yet
}

/** @throws LockstepError (65) when the folder is no sweep, or something in it is damaged */
export function readSweep(folder: string): Sweep {
  const dir = resolve(folder);
  const file = readSweepFile(dir);
  const trials: Trial[] = [];
  const others: TrialRecord[] = [];
  for (const [index, plan] of file.plans.entries()) {
    const record = file.trials[index]!;
    const run = record.state === 'finished' ? readRun(join(dir, plan.name)) : null;
    if (run !== null && run.evaluations.length > 0) trials.push({ plan, run });
    else others.push(record);
  }
  return { dir, name: basename(dir), file, trials, others };
}

/** How far a run is: what changes from step to step beside parameters and moments, and travels with them. */
import { addNoise, noNoise, type NoiseTotals } from '../shared/math/noise-scale.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import type { Snapshot, StepRecord } from './journal.ts';
import { freshStopping, type StoppingState } from './stopping.ts';

export interface Progress {
  step: number; // steps made
  evaluatedStep: number; // steps made at the last evaluation
  updates: number; // of Adam: steps that were committed
  seconds: number; // of steps, over all sittings
  sitting: number; // steps made by this process
  timedSamples: number; // of this process's steps but its first
  timedSeconds: number;
  workers: number; // that computed the last step
  lastLoss: number; // nats per sample
  heldOutLoss: number | null;
  bestLoss: number | null;
  stopping: StoppingState;
  statistics: Float32Array | null; // [S] of the last evaluation
  since: Interval; // the last evaluation
}

/** Sums over the steps since the last evaluation. */
interface Interval {
  terms: Record<string, number>; // over samples
  samples: number;
  seconds: number;
  noise: NoiseTotals;
}

const emptyInterval = (): Interval => ({ terms: {}, samples: 0, seconds: 0, noise: noNoise });

export function beginProgress(resume: Snapshot | null): Progress {
  const fresh = { sitting: 0, timedSamples: 0, timedSeconds: 0 };
  if (resume !== null)
    return { ...structuredClone(resume.progress), statistics: resume.statistics, ...fresh };
  return {
    ...fresh,
    step: 0,
    evaluatedStep: 0,
    updates: 0,
    seconds: 0,
    workers: 0,
    lastLoss: NaN,
    heldOutLoss: null,
    bestLoss: null,
    stopping: freshStopping,
    statistics: null,
    since: emptyInterval(),
  };
}

export function beginInterval(progress: Progress): void {
  progress.since = emptyInterval();
}

/** Takes note of a step. */
export function follow(progress: Progress, record: StepRecord, committed: boolean): void {
  const { since } = progress;
  if (progress.sitting > 0) {
    progress.timedSamples += record.samples;
    progress.timedSeconds += record.seconds;
  }
  progress.sitting += 1;
  progress.step += 1;
  if (committed) progress.updates += 1;
  progress.seconds += record.seconds;
  progress.workers = record.workers;
  progress.lastLoss = record.terms['loss'] ?? NaN;
  if (record.noise !== null) {
    const { squaredGradient, trace } = record.noise;
    since.noise = addNoise(since.noise, { gradientSquares: squaredGradient, noise: trace });
  }
  for (const [name, value] of Object.entries(record.terms)) {
    since.terms[name] = (since.terms[name] ?? 0) + value * record.samples;
  }
  since.samples += record.samples;
  since.seconds += record.seconds;
}

/** Steps of the whole run: `--steps`, or as many as see every row `--epochs` times. */
export function totalSteps(config: Config, workload: Workload): number {
  if (config.steps !== null) return config.steps;
  return workload.stream.stepsOfEpochs(config.epochs ?? 1);
}

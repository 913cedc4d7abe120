/**
 * How fast each batch size trains, and where the time of a step goes; with several numbers of workers, how well they
 * share the work. From the histories: all steps but a run's first, which compiles.
 */
import { samplesPerSecond } from '../figures.ts';
import type { Trial } from './read-sweep.ts';

export const phaseNames = ['compute', 'exchange', 'commit', 'parameters', 'other'] as const;
export type Phase = (typeof phaseNames)[number];

export interface Pace {
  readonly batchSize: number;
  readonly workers: number;
  readonly rates: readonly number[]; // samples/s, of each trial
  readonly samplesPerSecond: number; // their mean
  readonly stepSeconds: number;
  readonly phases: Readonly<Record<Phase, number>>; // seconds of a step
  readonly efficiency: number | null; // against the fewest workers; null where they were not varied
}

/** By batch size, then workers. Trials at another micro-batch size are left out. */
export function paces(trials: readonly Trial[]): Pace[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials.filter(({ plan, run }) => !plan.isControl && run.steps.length > 1)) {
    const key = `${trial.plan.config.batchSize} ${trial.run.steps.at(-1)!.workers}`;
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  const all = [...groups.values()].map(paceOf);
  const withEfficiency = all.map((pace) => ({ ...pace, efficiency: efficiencyOf(pace, all) }));
  return withEfficiency.sort((a, b) => a.batchSize - b.batchSize || a.workers - b.workers);
}

function paceOf(trials: readonly Trial[]): Omit<Pace, 'efficiency'> {
  const steps = trials.flatMap(({ run }) => run.steps.slice(1));
  const mean = (pick: (step: (typeof steps)[number]) => number): number =>
    steps.reduce((sum, step) => sum + pick(step), 0) / steps.length;
  const rates = trials.flatMap(({ run }) => samplesPerSecond(run) ?? []);
  const stepSeconds = mean(({ seconds }) => seconds);
  const [parameters, compute, exchange, commit] = [
    mean(({ phases }) => phases.parameters),
    mean(({ phases }) => phases.compute),
    mean(({ phases }) => phases.exchange),
    mean(({ phases }) => phases.commit),
  ];
  const other = Math.max(0, stepSeconds - parameters - compute - exchange - commit);
  return {
    batchSize: trials[0]!.plan.config.batchSize,
    workers: trials[0]!.run.steps.at(-1)!.workers,
    rates,
    samplesPerSecond: rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    stepSeconds,
    phases: { parameters, compute, exchange, commit, other },
  };
}

function efficiencyOf(
  { batchSize, workers, samplesPerSecond: rate }: Omit<Pace, 'efficiency'>,
  all: readonly Omit<Pace, 'efficiency'>[],
): number | null {
  const same = all.filter((pace) => pace.batchSize === batchSize);
  if (same.length < 2) return null;
  const fewest = same.reduce((least, pace) => (pace.workers < least.workers ? pace : least));
  return rate / workers / (fewest.samplesPerSecond / fewest.workers);
}

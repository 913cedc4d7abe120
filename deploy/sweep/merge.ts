/**
 * A sweep that is begun again, or asked for more: trials that it has already keep their folders and what they came
 * to; new ones are added behind them.
 */
import { usageError } from '../../shared/errors.ts';
import { configFieldNames, type Config } from '../../shared/runtime/config.ts';
import { sayPlainly } from '../../shared/runtime/sources.ts';
import type { SweepPlan } from './plan.ts';
import { newRecord, type SweepFile } from './sweep-file.ts';

export interface Told {
  readonly command: string;
  readonly startedAt: string; // ISO 8601
  readonly budget: string;
  readonly sharpness: boolean;
}

/**
 * @param old what the folder holds; null for a new one
 * @throws LockstepError (64) where a trial of the same name has other settings
 */
export function mergeSweep(old: SweepFile | null, plan: SweepPlan, told: Told, dir: string): SweepFile {
  const plans = [...(old?.plans ?? [])];
  const trials = [...(old?.trials ?? [])];
  for (const trial of plan.trials) {
    if (plans.some(({ config }) => same(config, trial.config))) continue;
    const namesake = plans.find(({ name }) => name === trial.name);
    if (namesake !== undefined) throw otherSettings(dir, trial.name, namesake.config, trial.config);
    plans.push(trial);
    trials.push(newRecord(trial));
  }
  const { unit, referenceBatchSize } = plan;
  const startedAt = old?.startedAt ?? told.startedAt;
  return { version: 1, ...told, startedAt, unit, referenceBatchSize, trials, plans };
}

const same = (a: Config, b: Config): boolean => differing(a, b).length === 0;

const differing = (a: Config, b: Config) =>
  configFieldNames.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));

function otherSettings(dir: string, name: string, old: Config, wanted: Config): Error {
  const changes = differing(old, wanted).map(
    (field) => `${field} ${sayPlainly(old[field])}, now ${sayPlainly(wanted[field])}`,
  );
  return usageError(
    `${dir} has trial ${name} with other settings (${changes.join('; ')}): name another folder with --run-dir, ` +
      'or give the flags of that sweep',
  );
}

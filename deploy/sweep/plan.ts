/**
 * The trials of a sweep, from its flags: every combination of the axes for every rule of the learning rate and every
 * seed, with one unit of batch normalisation for all of them, and a control.
 *
 * Seeds change slowest, so that a sweep that is cut short has seen every size once. Two rules that come to the same
 * settings (all of them, at the smallest batch) are one trial.
 */
import { usageError } from '../../shared/errors.ts';
import { commonMicroBatchSize } from '../../shared/math/batch.ts';
import type { Config, ConfigField } from '../../shared/runtime/config.ts';
import type { FlagValue, LoadedRun } from '../../shared/runtime/load-config.ts';
import type { PresetName } from '../../shared/runtime/presets.ts';
import { combinations, type Axis } from './axes.ts';
import { chooseControl, type Control } from './control.ts';
import { trialName } from './names.ts';
import { scaledLearningRate, type LearningRateRule } from './rules.ts';

export interface TrialPlan {
  readonly name: string; // its folder in that of the sweep
  readonly preset: PresetName;
  readonly config: Config;
  readonly rule: LearningRateRule;
  readonly isControl: boolean;
}

export interface SweepPlan {
  readonly trials: readonly TrialPlan[];
  readonly unit: number | null; // null: the micro-batch size is itself an axis
  readonly control: Control | null;
  readonly referenceBatchSize: number; // of the rules
}

export type Settings = ReadonlyMap<ConfigField, FlagValue>;

export interface SweepRequest {
  readonly fixed: Settings;
  readonly axes: readonly Axis[];
  readonly listed: readonly Settings[] | null; // of a file, instead of axes
  readonly rules: readonly LearningRateRule[];
  readonly repeats: number | null; // as it was given
  readonly control: boolean;
  /** The configuration of a run with these flags. @throws LockstepError where they will not do */
  readonly load: (flags: Settings) => LoadedRun;
}

/** @throws LockstepError (64) where the flags contradict each other, or a trial's settings will not do */
export function planSweep(request: SweepRequest): SweepPlan {
  const { fixed, axes, rules, load } = request;
  const choices: readonly Settings[] = request.listed ?? combinations(axes);
  const varied = new Set(choices.flatMap((choice) => [...choice.keys()]));
  if (request.repeats !== null && varied.has('seed')) {
    throw usageError('--repeats and several values of --seed exclude each other: leave out either');
  }
  const drafts = choices.map((choice) => {
    const flags = new Map([...fixed, ...choice]);
    return { flags, ...load(flags) };
  });
  const batchSizes = [...new Set(drafts.map(({ config }) => config.batchSize))];
  const unit = varied.has('microBatchSize') ? null : unitOf(drafts[0]!, batchSizes);
  const control = request.control && unit !== null ? chooseControl(batchSizes, unit) : null;
  const referenceBatchSize = Math.min(...batchSizes);
  const trials = collectTrials(varied);
  for (let repeat = 0; repeat < (request.repeats ?? 1); repeat++) {
    for (const { flags, config } of drafts) {
      for (const rule of rules) {
        const { batchSize, learningRate, seed } = config;
        const rate = scaledLearningRate(rule, learningRate, batchSize, referenceBatchSize);
        const own = new Map(flags).set('seed', String(seed + repeat)).set('learningRate', String(rate));
        if (unit !== null) own.set('microBatchSize', String(unit));
        const trial = { rule: rate === learningRate ? 'none' : rule } as const;
        trials.add({ ...trial, ...pick(load(own)), isControl: false });
        if (control === null || rule !== rules[0] || batchSize !== control.batchSize) continue;
        own.set('microBatchSize', String(control.microBatchSize));
        trials.add({ ...trial, ...pick(load(own)), isControl: true });
      }
    }
  }
  return { trials: trials.all(), unit, control, referenceBatchSize };
}

const pick = ({ config, preset }: LoadedRun): Pick<TrialPlan, 'config' | 'preset'> => ({ config, preset });

/** What somebody asked for, else the one that suits every size. */
function unitOf({ config, sources }: LoadedRun, batchSizes: readonly number[]): number {
  const { kind } = sources.microBatchSize;
  const asked = kind === 'flag' || kind === 'environment' || kind === 'file';
  return asked && config.microBatchSize !== null ? config.microBatchSize : commonMicroBatchSize(batchSizes);
}

/** Gathers trials, equal ones once, each under a name of its own. */
function collectTrials(varied: ReadonlySet<ConfigField>) {
  const trials = new Map<string, TrialPlan>(); // by configuration
  const names = new Set<string>();
  return {
    add(trial: Omit<TrialPlan, 'name'>): void {
      const key = JSON.stringify(trial.config);
      if (trials.has(key)) return;
      const base = trialName(trial, varied);
      let name = base;
      for (let count = 2; names.has(name); count++) name = `${base}-${count}`;
      names.add(name);
      trials.set(key, { ...trial, name });
    },
    all: (): TrialPlan[] => [...trials.values()],
  };
}

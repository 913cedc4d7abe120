/** From the flags of `lockstep sweep` to the sweep that they mean: planned, checked, merged with what is there. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataError, usageError } from '../../shared/errors.ts';
import { readConfigFile } from '../../shared/runtime/config-file.ts';
import type { ConfigField } from '../../shared/runtime/config.ts';
import type { Environment } from '../../shared/runtime/environment.ts';
import { flagName } from '../../shared/runtime/field.ts';
import { loadConfig, type FlagValue } from '../../shared/runtime/load-config.ts';
import { textFlag, withAbsolutePaths, type Arguments } from '../cli/config-flags.ts';
import { readAxes } from './axes.ts';
import { flagsOfBudget, parseBudget, type Budget } from './budget.ts';
import { mergeSweep } from './merge.ts';
import { planSweep, type Settings, type SweepPlan } from './plan.ts';
import { parseRules } from './rules.ts';
import { isSweepFolder, readSweepFile, type SweepFile } from './sweep-file.ts';
import { readTrialsFile } from './trials-file.ts';

export interface Requested {
  readonly dir: string; // absolute
  readonly isNew: boolean;
  readonly sweep: SweepFile;
  readonly plan: SweepPlan | null; // null where the sweep goes on as it was
  readonly budget: Budget | null; // null: as the settings say
}

export interface RequestContext {
  readonly environment: Environment;
  readonly words: readonly string[]; // of the command line, from `sweep` on
  readonly now: string; // ISO 8601
}

const lengths: readonly ConfigField[] = ['epochs', 'steps', 'maxSeconds'];

/** @throws LockstepError 64 for flags, 65 for folders and files, 78 for environment and configuration file */
export function readRequest(given: Arguments, context: RequestContext): Requested {
  const resume = textFlag(given, 'resume');
  if (resume !== null) return goOn(resume, given);
  const budgetText = textFlag(given, 'budget');
  const budget = budgetText === null ? null : parseBudget(budgetText);
  const plan = planOf(given, context.environment, budget);
  const preset = plan.trials[0]!.preset;
  const stamp = context.now.slice(0, 19).replaceAll(':', '-');
  const dir = resolve(textFlag(given, 'run-dir') ?? `sweeps/${stamp}-${preset}`);
  const old = isSweepFolder(dir) ? readSweepFile(dir) : null;
  if (old === null && existsSync(dir) && readdirSync(dir).length > 0) {
    throw usageError(`--run-dir ${dir} is not empty and no sweep: name another folder`);
  }
  const told = {
    command: ['npx', 'lockstep', ...context.words].join(' '),
    startedAt: context.now,
    budget: budgetText ?? 'as the settings say',
    sharpness: given['sharpness'] !== false,
  };
  return { dir, isNew: old === null, plan, budget, sweep: mergeSweep(old, plan, told, dir) };
}

function goOn(folder: string, given: Arguments): Requested {
  for (const name of ['run-dir', 'trials', 'budget', 'repeats', 'learning-rate-rule']) {
    if (textFlag(given, name) === null) continue;
    throw usageError(`--${name} is for a new sweep, and --resume goes on with one: leave out either`);
  }
  const { fixed, axes } = readAxes(given);
  const [field] = [...fixed.keys(), ...axes.map((axis) => axis.field)];
  if (field !== undefined) {
    throw usageError(
      `${flagName(field)} is for a new sweep: for more trials give all flags again, with --run-dir ${folder}`,
    );
  }
  const dir = resolve(folder);
  if (!isSweepFolder(dir))
    throw dataError(`--resume ${folder} holds no sweep.json: expected a sweep's folder`);
  const old = readSweepFile(dir);
  const sharpness = typeof given['sharpness'] === 'boolean' ? given['sharpness'] : old.sharpness;
  const sweep = { ...old, sharpness };
  const budget = /=|^converged$/.test(sweep.budget) ? parseBudget(sweep.budget) : null;
  return { dir, isNew: false, sweep, plan: null, budget };
}

function planOf(given: Arguments, environment: Environment, budget: Budget | null): SweepPlan {
  const { fixed, axes } = readAxes(given);
  const trialsPath = textFlag(given, 'trials');
  if (trialsPath !== null && axes.length > 0) {
    throw usageError(
      `--trials lists every trial, and ${flagName(axes[0]!.field)} names several: leave out either`,
    );
  }
  const flags = withBudget(fixed, budget);
  const configPath = textFlag(given, 'config');
  const file = configPath === null ? null : readConfigFile(configPath);
  const preset = textFlag(given, 'preset');
  return planSweep({
    fixed: flags,
    axes,
    listed: trialsPath === null ? null : readTrialsFile(trialsPath),
    rules: parseRules(textFlag(given, 'learning-rate-rule') ?? 'none'),
    repeats: repeatsOf(textFlag(given, 'repeats')),
    control: given['control'] !== false,
    load: (each) => withAbsolutePaths(loadConfig({ flags: each, environment, file, preset }), process.cwd()),
  });
}

function withBudget(fixed: Settings, budget: Budget | null): Settings {
  if (budget === null) return fixed;
  const other = lengths.find((field) => fixed.has(field));
  if (other !== undefined)
    throw usageError(`--budget and ${flagName(other)} say both how long: leave out either`);
  return new Map<ConfigField, FlagValue>([...fixed, ...flagsOfBudget(budget)]);
}

function repeatsOf(text: string | null): number | null {
  if (text === null) return null;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1000) return count;
  throw usageError(`--repeats got ${JSON.stringify(text)}, expected how many seeds: an integer from 1 on`);
}

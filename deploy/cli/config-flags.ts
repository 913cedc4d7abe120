/**
 * The flags that configure a run: one for every field of the schema, made from it, and what they come to.
 *
 * yargs only collects their text: it would make NaN of `abc`, and false of `--whiten=maybe`. What a text means,
 * and whether it will do, is decided in one place for flags and environment (shared/runtime/load-config.ts).
 */
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { readRunSettings } from '../../coordinator/run/run-folder.ts';
import { exitCodes, usageError } from '../../shared/errors.ts';
import { checkModuleHash, isModulePath } from '../../shared/model/module/module-file.ts';
import {
  configFieldNames,
  configGroups,
  type Config,
  type ConfigField,
} from '../../shared/runtime/config.ts';
import { readConfigFile } from '../../shared/runtime/config-file.ts';
import { readEnvironment, type Environment } from '../../shared/runtime/environment.ts';
import { camelCase, flagName, kebabCase, viewOf } from '../../shared/runtime/field.ts';
import {
  explicitSettings,
  loadConfig,
  type ConfigInputs,
  type FlagValue,
  type Setting,
} from '../../shared/runtime/load-config.ts';
import { presetNames, presets, type PresetName } from '../../shared/runtime/presets.ts';
import { resumeConfig } from '../../shared/runtime/resume-config.ts';
import { sayPlainly, type LoadedConfig } from '../../shared/runtime/sources.ts';

/** What yargs makes of the command line. */
export type Arguments = Readonly<Record<string, unknown>>;

export interface ConfiguredRun extends LoadedConfig {
  readonly preset: PresetName | null; // that the run began with; null where a resumed one does not say
  readonly notices: readonly string[];
  readonly saved: Config | null; // of the run that is resumed
}

const presetFlag = 'preset';
const configFlag = 'config';
const resumeFlag = 'resume';
const beginning: readonly string[] = [presetFlag, 'run-dir', 'init-from']; // not for a run that goes on

/** Adds a flag for each field, under its heading, and `--preset`, `--config`. */
export function addConfigFlags<T>(yargs: Argv<T>): Argv<T> {
  yargs.option(presetFlag, { group: 'Settings:', describe: describePresets(), defaultDescription: 'digits' });
  yargs.option(configFlag, { group: 'Settings:', describe: 'YAML file of settings; flags win over it' });
  for (const [group, fields] of Object.entries(configGroups)) {
    for (const field of Object.keys(fields) as ConfigField[]) {
      const { kind, choices, description } = viewOf(field);
      const defaultDescription = defaultOf(field);
      yargs.option(kebabCase(field), {
        group,
        describe: choices ? `${description} (${choices.join(', ')})` : description,
        ...(kind === 'list' && { array: true }),
        ...(defaultDescription && { defaultDescription }),
      });
    }
  }
  return yargs;
}

/**
 * @param given of yargs: with `preset`, `config` and, where the command has it, `resume`
 * @throws LockstepError 64 for flags, 78 for environment and file, 65 for what cannot be read
 */
export function configFromArguments(given: Arguments, environment: Environment): ConfiguredRun {
  const configPath = textFlag(given, configFlag);
  const inputs = {
    flags: flagValues(given),
    environment,
    file: configPath === null ? null : readConfigFile(configPath),
  };
  const resume = textFlag(given, resumeFlag);
  if (resume !== null) return resumedRun(given, resume, inputs);
  return { ...loadConfig({ ...inputs, preset: textFlag(given, presetFlag) }), saved: null };
}

/** The value of a flag that names something. @returns null where it is not given. @throws LockstepError (64) */
export function textFlag(given: Arguments, name: string): string | null {
  const value = given[camelCase(name)];
  const last: unknown = Array.isArray(value) ? value.at(-1) : value; // given twice, the last one counts
  if (last === undefined) return null;
  if (typeof last === 'string' && last !== '') return last;
  throw usageError(`--${name} got no value, expected one: write --${name} VALUE, or leave it out`);
}

/** The values of a flag that may be given several times. @throws LockstepError (64) for one without a value */
export function listFlag(given: Arguments, name: string): string[] {
  const value: unknown = given[camelCase(name)];
  const list: unknown[] = value === undefined ? [] : [value].flat();
  if (list.every((each) => typeof each === 'string' && each !== '')) return list as string[];
  throw usageError(`--${name} got no value, expected one: write --${name} VALUE, or leave it out`);
}

/** The run belongs to the folder that it was started in: its files are named so that they are found from any. */
export function withAbsolutePaths<T extends LoadedConfig>(loaded: T, folder: string): T {
  const absolute = (paths: readonly string[]): string[] => paths.map((path) => absolutePath(path, folder));
  const { data, testData } = loaded.config;
  return { ...loaded, config: { ...loaded.config, data: absolute(data), testData: absolute(testData) } };
}

/** A module is named by its whole path, and known by its hash. @throws LockstepError (64) where it is another */
export function withModelModule<T extends LoadedConfig>(loaded: T, folder: string): T {
  const { model, modelHash } = loaded.config;
  if (!isModulePath(model)) return loaded;
  const path = resolve(folder, model);
  const hash = checkModuleHash(path, modelHash, exitCodes.usage);
  return { ...loaded, config: { ...loaded.config, model: path, modelHash: hash } };
}

const absolutePath = (path: string, folder: string): string =>
  path === 'synthetic' ? path : resolve(folder, path);

function resumedRun(given: Arguments, folder: string, inputs: Omit<ConfigInputs, 'preset'>): ConfiguredRun {
  for (const name of beginning) {
    if (given[camelCase(name)] === undefined) continue;
    throw usageError(`--${name} is for a new run, and --resume goes on with one: leave out either`);
  }
  const { config: saved, preset } = readRunSettings(folder);
  const resumed = resumeConfig(
    saved,
    withAbsoluteFiles(explicitSettings(inputs)),
    resolve(folder, 'config.yaml'),
  );
  const ofPreset = preset === null ? [] : presets[preset].notices;
  const notices = [...readEnvironment(inputs.environment).notices, ...ofPreset, ...resumed.notices];
  return { ...resumed, preset, notices, saved };
}

/** As the run's own configuration has them, for comparison. */
function withAbsoluteFiles(said: ReadonlyMap<ConfigField, Setting>): ReadonlyMap<ConfigField, Setting> {
  const changed = new Map(said);
  for (const field of ['data', 'testData'] as const) {
    const setting = said.get(field);
    if (setting === undefined) continue;
    const value = (setting.value as string[]).map((path) => absolutePath(path, process.cwd()));
    changed.set(field, { ...setting, value });
  }
  const model = said.get('model');
  if (model !== undefined && isModulePath(model.value as string)) {
    changed.set('model', { ...model, value: absolutePath(model.value as string, process.cwd()) });
  }
  return changed;
}

function flagValues(given: Arguments): ReadonlyMap<ConfigField, FlagValue> {
  const values = new Map<ConfigField, FlagValue>();
  for (const field of configFieldNames) {
    const value = given[field];
    if (value !== undefined) values.set(field, flagValue(field, value));
  }
  return values;
}

/** Of a flag given twice the last one counts; lists of files add up. */
function flagValue(field: ConfigField, value: unknown): FlagValue {
  if (!Array.isArray(value)) return value as FlagValue;
  if (viewOf(field).kind !== 'list') return value.at(-1) as FlagValue;
  if (value.some((entry) => typeof entry !== 'string')) {
    throw usageError(
      `--no-${kebabCase(field)} cannot be: give ${flagName(field)} its names, or leave it out`,
    );
  }
  return value as string[];
}

const describePresets = (): string =>
  presetNames.map((name) => `${name}: ${presets[name].description}`).join('; ');

/** What the field is when nobody says anything, which is what the default preset makes of it. */
function defaultOf(field: ConfigField): string | null {
  const settings: Partial<Config> = presets.digits.settings;
  const value = field in settings ? settings[field] : viewOf(field).fallback;
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
    ? null
    : sayPlainly(value);
}

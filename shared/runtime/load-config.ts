/**
 * The configuration of a run, from all the places that may say something: flags over environment over file over
 * preset over default, and for every field which of them it was.
 *
 * A value that is overridden is not looked at: whoever cannot mend the environment of a machine can still say
 * it better. Two rules go beyond field by field:
 *
 * - Epochs and steps are one choice, how long: who sets either displaces what weaker places say of both.
 * - A preset's micro-batch belongs to its batch: with another batch size it is the default one again.
 */
import { configurationError, LockstepError } from '../errors.ts';
import { checkConfig } from './config-checks.ts';
import type { ConfigFile } from './config-file.ts';
import { configFieldNames, configFields, type Config, type ConfigField } from './config.ts';
import { presetVariable, readEnvironment, type Environment } from './environment.ts';
import { flagName, parseFieldText, viewOf } from './field.ts';
import { didYouMean } from './nearest.ts';
import { presetNames, presets, type Preset, type PresetName } from './presets.ts';
import { badValue, everyField, exitCodeOf, type LoadedConfig, type Source } from './sources.ts';

export interface ConfigInputs {
  /** As the command line gave them: texts, a list of texts, true for a flag without value, false for `--no-`. */
  readonly flags: ReadonlyMap<ConfigField, FlagValue>;
  readonly environment: Environment;
  readonly file: ConfigFile | null; // of --config
  readonly preset: string | null; // of --preset
}

export type FlagValue = string | boolean | readonly string[];

export interface LoadedRun extends LoadedConfig {
  readonly preset: PresetName;
  readonly notices: readonly string[]; // to be told at the start of the run
}

/** One place that says something of some fields. */
interface Layer {
  readonly source: Source;
  readonly settings: ReadonlyMap<ConfigField, unknown>;
}

const defaultPreset: PresetName = 'digits';

/** @throws LockstepError 64 for what flags say, 78 for what environment and file say */
export function loadConfig(inputs: ConfigInputs): LoadedRun {
  const { preset, environment } = {
    preset: choosePreset(inputs),
    environment: readEnvironment(inputs.environment),
  };
  const chosen: Preset = presets[preset];
  const layers = explicitLayers(inputs);
  layers.push({ source: { kind: 'preset', name: preset }, settings: settingsOf(chosen.settings) });
  const loaded = merge(layers);
  checkConfig(loaded);
  return { ...loaded, preset, notices: [...environment.notices, ...chosen.notices] };
}

/** Only what somebody said for this run: no preset, no defaults. For a run that has its configuration already. */
export function explicitSettings(inputs: Omit<ConfigInputs, 'preset'>): ReadonlyMap<ConfigField, Setting> {
  const found = new Map<ConfigField, Setting>();
  for (const layer of explicitLayers(inputs)) {
    for (const [field, value] of layer.settings) {
      if (!found.has(field))
        found.set(field, { value: check(field, value, layer.source), source: layer.source });
    }
  }
  return found;
}

export interface Setting {
  readonly value: unknown; // as the schema gives it
  readonly source: Source;
}

/** Strongest first. */
function explicitLayers({ flags, environment, file }: Omit<ConfigInputs, 'preset'>): Layer[] {
  const layers: Layer[] = [
    {
      source: { kind: 'flag' },
      settings: new Map([...flags].map(([field, value]) => [field, readFlag(field, value)])),
    },
    { source: { kind: 'environment' }, settings: readEnvironment(environment).settings },
  ];
  if (file) layers.push({ source: { kind: 'file', name: file.name }, settings: file.settings });
  return layers;
}

const settingsOf = (settings: Partial<Config>): ReadonlyMap<ConfigField, unknown> =>
  new Map(Object.entries(settings) as [ConfigField, unknown][]);

/** `--no-x` is false, or none. What cannot be read is left as it came, for the schema to refuse. */
function readFlag(field: ConfigField, value: FlagValue): unknown {
  const { kind, nullable } = viewOf(field);
  if (value === false) return nullable ? null : false;
  if (value === true || (value === '' && kind === 'boolean')) return true;
  if (typeof value === 'string') return kind === 'list' ? [value] : parseFieldText(field, value);
  return kind === 'list' ? [...value] : parseFieldText(field, value.at(-1) ?? '');
}

function choosePreset({ preset, environment, file }: ConfigInputs): PresetName {
  const variable = environment[presetVariable] || null;
  if (preset !== null) return knownPreset(preset, '--preset', { kind: 'flag' });
  if (variable !== null) return knownPreset(variable, presetVariable, { kind: 'environment' });
  if (file?.preset === undefined) return defaultPreset;
  return knownPreset(file.preset, `${file.name}: preset`, { kind: 'file', name: file.name });
}

function knownPreset(name: unknown, where: string, source: Source): PresetName {
  if (typeof name === 'string' && Object.hasOwn(presets, name)) return name as PresetName;
  const hint = didYouMean(String(name), presetNames);
  const message = `${where} is ${JSON.stringify(name)}, expected one of ${presetNames.join(', ')}${hint}`;
  throw new LockstepError(message, exitCodeOf(source));
}

function merge(layers: readonly Layer[]): LoadedConfig {
  const config: Record<string, unknown> = {};
  const sources = everyField(configFieldNames, (field): Source => {
    const layer = strongest(layers, field);
    config[field] = check(field, layer?.settings.get(field), layer?.source ?? { kind: 'default' });
    return layer?.source ?? { kind: 'default' };
  });
  return { config: config as Config, sources };
}

function strongest(layers: readonly Layer[], field: ConfigField): Layer | undefined {
  if (field === 'epochs' || field === 'steps') return strongestLength(layers, field);
  const layer = layers.find(({ settings }) => settings.has(field));
  if (field !== 'microBatchSize' || layer?.source.kind !== 'preset') return layer;
  const batch = layers.find(({ settings }) => settings.has('batchSize'));
  const same = batch?.settings.get('batchSize') === layer.settings.get('batchSize');
  return same ? layer : undefined;
}

/** The strongest place that says how long decides on both fields; what weaker ones say of the other is displaced. */
function strongestLength(layers: readonly Layer[], field: 'epochs' | 'steps'): Layer | undefined {
  const owner = (each: ConfigField): Layer | undefined => layers.find(({ settings }) => settings.has(each));
  const says = (layer: Layer, each: ConfigField): boolean =>
    layer === owner(each) && (layer.settings.get(each) ?? null) !== null;
  const decides = layers.find((layer) => says(layer, 'epochs') || says(layer, 'steps'));
  if (decides && says(decides, 'epochs') && says(decides, 'steps')) throw bothLengths(decides.source);
  const own = owner(field);
  if (decides === undefined || own === undefined) return own;
  return layers.indexOf(own) > layers.indexOf(decides) ? undefined : own;
}

function bothLengths(source: Source): LockstepError {
  const [epochs, steps] = (['epochs', 'steps'] as const).map((field) =>
    source.kind === 'flag' ? flagName(field) : field,
  );
  const where =
    source.kind === 'flag' ? '' : source.kind === 'file' ? `${source.name}: ` : 'the environment: ';
  return new LockstepError(
    `${where}${epochs} and ${steps} are both set, expected one: leave one out`,
    exitCodeOf(source),
  );
}

/** @param raw undefined for the default. @throws LockstepError for what the schema refuses */
function check(field: ConfigField, raw: unknown, source: Source): unknown {
  const parsed = configFields[field].safeParse(raw);
  if (parsed.success) return parsed.data;
  if (source.kind === 'default' || source.kind === 'preset') {
    throw configurationError(`${field}: ${parsed.error.issues[0]?.message ?? 'invalid'}`);
  }
  throw badValue(field, raw, source, parsed.error.issues[0]?.message ?? 'another value');
}

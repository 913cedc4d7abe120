/** The words of `lockstep train` that make a trial, so that it is exactly what a person would have typed. */
import { configFieldNames, type Config } from '../../shared/runtime/config.ts';
import { flagName, variableName, viewOf } from '../../shared/runtime/field.ts';
import { presetVariable } from '../../shared/runtime/environment.ts';
import { presets, type PresetName } from '../../shared/runtime/presets.ts';
import { sayPlainly } from '../../shared/runtime/sources.ts';

/** A preset, and a flag for each setting in which the configuration differs from it. */
export function trainWords(preset: PresetName, config: Config): string[] {
  const settings: Partial<Config> = presets[preset].settings;
  const words = ['--preset', preset];
  for (const field of configFieldNames) {
    const expected = field in settings ? settings[field] : viewOf(field).fallback;
    const value = config[field];
    if (JSON.stringify(value) === JSON.stringify(expected ?? null)) continue;
    words.push(flagName(field), ...(Array.isArray(value) ? value : [sayPlainly(value)]));
  }
  return words;
}

/** An environment without variables that are settings: a trial's words have taken them in already. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !settingNames.has(name)));
}

/** The variables that are settings. */
export const settingsIn = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      settingNames.has(name) && value !== undefined ? [[name, value]] : [],
    ),
  );

const settingNames = new Set([presetVariable, ...configFieldNames.map(variableName)]);

/** Words as a shell reads them. */
export const shellLine = (words: readonly string[]): string => words.map(quote).join(' ');

const quote = (text: string): string =>
  /^[\w./@%+,:=~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

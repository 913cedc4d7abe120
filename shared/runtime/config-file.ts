/**
 * Configuration files: YAML whose keys are the fields of the schema, and `preset`.
 *
 * Nulls may be written `none`, as on the command line, and a list of one as its only entry.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { configurationError, dataError } from '../errors.ts';
import { configFieldNames, type ConfigField } from './config.ts';
import { viewOf } from './field.ts';
import { didYouMean } from './nearest.ts';

export interface ConfigFile {
  readonly name: string; // as messages say it
  readonly preset: unknown; // not checked; undefined where the file names none
  readonly settings: ReadonlyMap<ConfigField, unknown>; // not checked
}

/** @throws LockstepError 65 when it cannot be read or is no YAML, 78 when it has keys of another kind */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const why = reasons[code] ?? code;
    throw dataError(`--config ${path}: ${why}; expected a YAML file of settings`, error);
  }
  return parseConfigFile(text, path);
}

/** The same for text that is already there. */
export function parseConfigFile(text: string, name: string): ConfigFile {
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem) {
    const [summary] = problem.message.split('\n');
    throw dataError(`${name} is not valid YAML: ${summary!.replace(/:$/, '')}; correct it there`);
  }
  return configFileOf(
    contentOf(() => document.toJS() as unknown, name),
    name,
  );
}

/** Aliases are resolved only now: to nothing, perhaps, or to more than anybody would write by hand. */
function contentOf(resolve: () => unknown, name: string): unknown {
  try {
    return resolve();
  } catch (error) {
    throw dataError(`${name} is not valid YAML: ${(error as Error).message}; correct it there`, error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
};

function configFileOf(content: unknown, name: string): ConfigFile {
  if (content === null || content === undefined) return { name, preset: undefined, settings: new Map() };
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw configurationError(`${name} holds no settings, expected lines such as "batchSize: 1000"`);
  }
  const settings = new Map<ConfigField, unknown>();
  let preset: unknown;
  for (const [key, value] of Object.entries(content)) {
    if (key === 'preset') preset = value;
    else settings.set(knownField(key, name), normalised(key as ConfigField, value));
  }
  return { name, preset, settings };
}

function knownField(key: string, name: string): ConfigField {
  if ((configFieldNames as readonly string[]).includes(key)) return key as ConfigField;
  const hint =
    didYouMean(key, [...configFieldNames, 'preset']) || '; lockstep train --print-config lists all';
  throw configurationError(`${name}: ${key} is not a setting${hint}`);
}

function normalised(field: ConfigField, value: unknown): unknown {
  const { kind, nullable } = viewOf(field);
  if (nullable && value === 'none') return null;
  return kind === 'list' && typeof value === 'string' ? [value] : value;
}

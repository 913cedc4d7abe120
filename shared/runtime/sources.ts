/**
 * Where a setting came from: for precedence, for messages that name what the reader typed, and for the comments
 * of --print-config.
 */
import { exitCodes, LockstepError, type ExitCode } from '../errors.ts';
import type { Config, ConfigField } from './config.ts';
import { flagName, variableName, viewOf } from './field.ts';
import { nearestName } from './nearest.ts';

export type Source =
  | { readonly kind: 'flag' }
  | { readonly kind: 'environment' }
  | { readonly kind: 'file'; readonly name: string } // as it was given to --config
  | { readonly kind: 'preset'; readonly name: string }
  | { readonly kind: 'default' };

export type Sources = Readonly<Record<ConfigField, Source>>;

/** What the reader would look for: `--batch-size`, `LOCKSTEP_BATCH_SIZE`, `run.yaml`, `preset digits`. */
export function sourceName(field: string, source: Source): string {
  switch (source.kind) {
    case 'flag':
      return flagName(field);
    case 'environment':
      return variableName(field);
    case 'file':
      return source.name;
    case 'preset':
      return `preset ${source.name}`;
    case 'default':
      return 'default';
    default:
      return source satisfies never;
  }
}

/** A setting with its value, as its source spells it: `--batch-size 100`, `batchSize 100 of run.yaml`. */
export function sayValue(field: ConfigField, value: unknown, source: Source): string {
  const text = sayPlainly(value);
  if (source.kind === 'flag') return `${flagName(field)} ${text}`;
  if (source.kind === 'environment') return `${variableName(field)}=${text}`;
  const owner = source.kind === 'default' ? 'the default' : sourceName(field, source);
  return `${field} ${text} of ${owner}`;
}

export function sayPlainly(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map(sayPlainly).join(' ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

/** A value on the command line is the caller's mistake (64), any other one the configuration's (78). */
export const exitCodeOf = (...sources: readonly Source[]): ExitCode =>
  sources.some(({ kind }) => kind === 'flag') ? exitCodes.usage : exitCodes.configuration;

/** The refusal of one value. @param got the value as it came @param told what the schema said of it */
export function badValue(field: ConfigField, got: unknown, source: Source, told: string): LockstepError {
  const { kind, choices, expected } = viewOf(field);
  const wanted = kind === 'text' && choices === null ? told : expected;
  const near = choices && typeof got === 'string' ? nearestName(got, choices) : null;
  const message = `${whereGot(field, got, source)}, expected ${wanted}: ${near ? `did you mean ${near}?` : remedy(source)}`;
  return new LockstepError(message, exitCodeOf(source));
}

function whereGot(field: ConfigField, got: unknown, source: Source): string {
  if (source.kind === 'flag') {
    if (got === true || isEmpty(got)) return `${flagName(field)} got no value`;
    if (got === false) return `--no-${flagName(field).slice(2)} cannot be`;
    return `${flagName(field)} got ${quoted(got)}`;
  }
  if (source.kind === 'environment') return `${variableName(field)} is ${quoted(got)}`;
  return `${sourceName(field, source)}: ${field} is ${quoted(got)}`;
}

const isEmpty = (got: unknown): boolean => got === '' || (Array.isArray(got) && got.length === 0);

const quoted = (got: unknown): string =>
  typeof got === 'number' ? String(got) : (JSON.stringify(got) ?? 'nothing');

function remedy(source: Source): string {
  if (source.kind === 'flag') return 'see lockstep train --help';
  return source.kind === 'environment' ? 'correct it, or unset it' : 'correct it there';
}

/** What is told of every field, made once. */
export const everyField = <T>(names: readonly ConfigField[], make: (field: ConfigField) => T) =>
  Object.fromEntries(names.map((field) => [field, make(field)])) as Record<ConfigField, T>;

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Sources;
}

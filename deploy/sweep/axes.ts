/**
 * What a sweep varies: flags of `train` that were given several values, with commas in between.
 *
 * Every field of the configuration can be an axis, but for those whose one value may hold commas itself: lists of
 * files, and `--checkpoint-every`, which changes nothing that a sweep compares. A file of trials varies these.
 */
import { usageError } from '../../shared/errors.ts';
import { configFieldNames, type ConfigField } from '../../shared/runtime/config.ts';
import { flagName, viewOf } from '../../shared/runtime/field.ts';
import type { FlagValue } from '../../shared/runtime/load-config.ts';
import type { Arguments } from '../cli/config-flags.ts';

export interface Axis {
  readonly field: ConfigField;
  readonly values: readonly string[]; // two or more texts, each once
}

export interface GivenFlags {
  readonly fixed: ReadonlyMap<ConfigField, FlagValue>;
  readonly axes: readonly Axis[];
}

const whole: readonly ConfigField[] = ['checkpointEvery'];

/** @throws LockstepError (64) for a flag with an empty value among several */
export function readAxes(given: Arguments): GivenFlags {
  const fixed = new Map<ConfigField, FlagValue>();
  const axes: Axis[] = [];
  for (const field of configFieldNames) {
    const value = given[field];
    if (value === undefined) continue;
    const isList = viewOf(field).kind === 'list';
    const text: unknown = Array.isArray(value) && !isList ? value.at(-1) : value; // given twice, the last counts
    const values = typeof text === 'string' && !whole.includes(field) && !isList ? split(field, text) : [];
    if (values.length > 1) axes.push({ field, values });
    else fixed.set(field, values[0] ?? (text as FlagValue));
  }
  return { fixed, axes };
}

/** `1000,6300`: each value once, in the order given. @throws LockstepError (64) */
export function split(field: string, text: string): string[] {
  if (!text.includes(',')) return [text];
  const values = text.split(',').map((value) => value.trim());
  if (values.every((value) => value !== '')) return [...new Set(values)];
  throw usageError(
    `${flagName(field)} got ${JSON.stringify(text)}, expected values with commas between: one is empty`,
  );
}

/** Every combination of the axes' values; the first axis changes slowest. One empty choice without axes. */
export function combinations(axes: readonly Axis[]): ReadonlyMap<ConfigField, string>[] {
  return axes.reduce<ReadonlyMap<ConfigField, string>[]>(
    (choices, { field, values }) =>
      choices.flatMap((choice) => values.map((value) => new Map([...choice, [field, value]]))),
    [new Map()],
  );
}

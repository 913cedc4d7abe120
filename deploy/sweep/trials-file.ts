/**
 * Trials listed one by one, for what is no grid: a YAML list whose entries hold settings of `train`.
 *
 *   - batchSize: 1000
 *   - { batchSize: 6300, learningRate: 2.5e-4 }
 */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { configurationError, dataError } from '../../shared/errors.ts';
import { parseConfigFile } from '../../shared/runtime/config-file.ts';
import type { ConfigField } from '../../shared/runtime/config.ts';
import { sayPlainly } from '../../shared/runtime/sources.ts';

/** Settings of each trial, as texts of flags. @throws LockstepError 65 unreadable, 78 for what is no setting */
export function readTrialsFile(path: string): ReadonlyMap<ConfigField, string | string[]>[] {
  const content = read(path);
  if (!Array.isArray(content) || content.length === 0) {
    throw configurationError(`--trials ${path} holds no list, expected lines such as "- batchSize: 1000"`);
  }
  return content.map((entry: unknown, index) => {
    const { settings, preset } = parseConfigFile(stringify(entry), `${path}, trial ${index + 1}`);
    if (preset !== undefined) {
      throw configurationError(
        `${path}, trial ${index + 1} names a preset, but all trials have one: give --preset`,
      );
    }
    return new Map([...settings].map(([field, value]) => [field, textOf(value)]));
  });
}

function read(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw dataError(`--trials ${path} cannot be read (${reason}): expected a YAML list of trials`, error);
  }
}

const textOf = (value: unknown): string | string[] =>
  Array.isArray(value) ? value.map(sayPlainly) : sayPlainly(value);

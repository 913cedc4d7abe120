/**
 * The words of the coordinator that train's flags come to: it runs on another box, so what was read here (flags,
 * variables, a file) is written out, and every path is whole.
 */
import { resolve } from 'node:path';
import { usageError } from '../../shared/errors.ts';
import { configFieldNames, type Config } from '../../shared/runtime/config.ts';
import { flagName } from '../../shared/runtime/field.ts';
import { sayPlainly } from '../../shared/runtime/sources.ts';
import { httpWords } from '../cli/http-flags.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { trainWords } from '../sweep/words.ts';

/**
 * @param runDir of a new run, absolute
 * @param workers over all boxes
 * @throws LockstepError (64) for --workers, where it is not the number that the boxes have
 */
export function coordinatorWords(request: TrainRequest, runDir: string, workers: number): string[] {
  const { config, resume, initFrom, trace, json, quiet, http } = request;
  if (config.workers !== null && config.workers !== workers && request.sources.workers.kind === 'flag') {
    throw usageError(
      `--workers ${config.workers}: the boxes have ${workers} in all: leave it out, and say how many in -H box:N`,
    );
  }
  const whole = { ...config, workers };
  const words = [
    'coordinator',
    ...(resume === null
      ? [...trainWords(request.preset ?? 'digits', whole), '--run-dir', runDir]
      : ['--resume', resolve(resume), ...changes(whole, request.saved)]),
    ...httpWords(http, null),
  ];
  if (initFrom !== null) words.push('--init-from', resolve(initFrom));
  if (trace !== null) words.push('--trace', trace);
  if (json) words.push('--json');
  if (quiet) words.push('--quiet');
  return words;
}

/** A flag for each setting in which a run goes on otherwise. */
function changes(config: Config, saved: Config | null): string[] {
  return configFieldNames.flatMap((field) => {
    const value = config[field];
    if (saved !== null && JSON.stringify(value) === JSON.stringify(saved[field])) return [];
    return [flagName(field), ...(Array.isArray(value) ? value : [sayPlainly(value)])];
  });
}

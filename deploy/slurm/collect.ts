/**
 * What the jobs of a sweep came to, from the files that each of them left: NAME.json is the last line of a run that
 * ended well, NAME.code the exit code of the job.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchFolder } from '../../coordinator/run/run-folder.ts';
import { exitCodes } from '../../shared/errors.ts';
import { readSweepFile, writeSweepFile, type SweepFile, type TrialRecord } from '../sweep/sweep-file.ts';
import { conclude } from '../sweep/sweep.ts';
import { lastWords, summaryOf } from '../sweep/trial.ts';

const logLines = 5;

/** Brings sweep.json up to date where trials ran as jobs; before a report. @throws LockstepError (65) */
export function collectResults(dir: string): void {
  if (!existsSync(join(dir, launchFolder))) return;
  writeSweepFile(dir, withResults(dir, readSweepFile(dir)));
}

/** The sweep, with what is known of its trials by now. */
export const withResults = (dir: string, sweep: SweepFile): SweepFile => ({
  ...sweep,
  trials: sweep.trials.map((trial) => resultOf(dir, trial)),
});

function resultOf(dir: string, trial: TrialRecord): TrialRecord {
  const file = (end: string): string => join(dir, launchFolder, `${trial.trial}.${end}`);
  if (trial.state === 'finished' || !existsSync(join(dir, trial.trial))) return trial;
  const result = { ...trial };
  const summary = existsSync(file('json')) ? summaryOf(readFileSync(file('json'), 'utf8').trim()) : null;
  if (summary !== null) conclude(result, { code: exitCodes.ok, summary, problem: null }, summary.seconds);
  else if (existsSync(file('code'))) {
    const code = Number(readFileSync(file('code'), 'utf8'));
    conclude(result, { code, summary: null, problem: problemIn(dir, trial, code) }, trial.seconds ?? 0);
  } else result.state = 'running'; // or was killed without a word
  return result;
}

/** Its last words, unless it ended because it was asked to. */
function problemIn(dir: string, { trial }: TrialRecord, code: number): string | null {
  const log = join(dir, 'logs', `${trial}.log`);
  if (code === exitCodes.terminated || !existsSync(log)) return null;
  return lastWords(readFileSync(log, 'utf8').trim().split('\n').slice(-logLines));
}

/** What the jobs of a run and of a sweep have in common. */
import { dataError } from '../../shared/errors.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { settingsIn, shellLine } from '../sweep/words.ts';
import type { JobSettings } from './job-script.ts';
import type { Demands } from './resources.ts';
import type { SlurmWords } from './sbatch-flags.ts';
import { waitingJob } from './submit.ts';

/** @param words after `launch` */
export function jobSettings(
  { saveBeforeSeconds }: SlurmWords,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Omit<JobSettings, 'flags' | 'gpusPerTask' | 'jobDir' | 'words'> {
  return {
    command: shellLine(['npx', 'lockstep', 'launch', ...words]).replaceAll(/[\n\r]+/g, ' '), // for a comment
    lockstep: [process.execPath, process.argv[1] ?? ''],
    folder: process.cwd(),
    saveBeforeSeconds,
    variables: settingsIn(environment),
  };
}

/** Of each worker, as `lockstep train` would give them. */
export function workerWords(
  { runtime, threads, precision, allowCpu }: Demands & Pick<Config, 'precision'>,
  onGpu: boolean,
  { data }: SlurmWords,
): string[] {
  const words = ['--runtime', runtime, '--precision', precision, ...data];
  if (threads !== null) words.push('--threads', String(threads));
  if (allowCpu || !onGpu) words.push('--allow-cpu');
  return words;
}

/** Two jobs of one run would take it from each other. @throws LockstepError (65) */
export function checkNoneWaits(jobDir: string, environment: NodeJS.ProcessEnv): void {
  const id = waitingJob(jobDir, environment);
  if (id !== null)
    throw dataError(`job ${id} of this folder is still in the queue: wait until it ends, or scancel ${id}`);
}

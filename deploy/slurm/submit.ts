/** Hands a job script to Slurm, and asks after it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unavailableError, usageError } from '../../shared/errors.ts';
import { plural } from '../../shared/text.ts';
import type { Resources } from './resources.ts';

export interface Submission {
  readonly script: string;
  readonly words: readonly string[]; // more for sbatch
  readonly jobDir: string;
  readonly idFile: string; // in it, for the job's number
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (id: string) => void; // once the job has a number
}

/** Holds the number of the job that runs, or of the array that does. */
export const jobIdFile = 'job-id';
const queryTimeoutMs = 20_000;

/**
 * @returns the exit code: 0, or the job's own where --wait was given
 * @throws LockstepError 69 where there is no sbatch, 64 where it refuses the job
 */
export function submit({ script, words, jobDir, idFile, environment, say }: Submission): Promise<number> {
  const child = spawn('sbatch', ['--parsable', ...words, script], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let id: string | null = null;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    const number = /^(\d+)(;.*)?$/m.exec(stdout)?.[1];
    if (id !== null || number === undefined) return;
    id = number;
    writeFileSync(join(jobDir, idFile), `${id}\n`);
    say(id);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? noSlurm() : error),
    );
    child.once('close', (code) => {
      if (id !== null || code === 0) process.stderr.write(stderr);
      if (id !== null || code === 0) resolve(code ?? 1);
      else reject(usageError(`sbatch refuses ${script}: ${saidBy(stderr)}`));
    });
  });
}

const noSlurm = () =>
  unavailableError(
    'sbatch is not there: run this where jobs are submitted, or write the script with --print and take it there',
  );

const saidBy = (stderr: string): string =>
  stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(/^sbatch: (error: )?/, ''))
    .join('; ');

/** The job that was submitted last for a folder, if Slurm still has it in its queue. */
export function waitingJob(jobDir: string, environment: NodeJS.ProcessEnv): string | null {
  const file = join(jobDir, jobIdFile);
  if (!existsSync(file)) return null;
  const id = readFileSync(file, 'utf8').trim();
  const { stdout } = spawnSync('squeue', ['--noheader', `--jobs=${id}`, '--format=%i'], {
    env: environment,
    encoding: 'utf8',
    timeout: queryTimeoutMs,
  });
  return (stdout ?? '').trim() === '' ? null : id; // Slurm forgets a job minutes after its end
}

/** Such as `3 workers, each with a GPU`. */
export const sayResources = ({ tasks, gpusPerTask }: Resources): string =>
  `${tasks === null ? 'a worker on each task' : plural(tasks, 'worker')}, ` +
  (gpusPerTask === null ? 'on CPUs' : 'each with a GPU');

/** Jobs of a real Slurm: a small run, launched and looked at, and the digest that it must end in. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../../../coordinator/summary.ts';
import { runLockstep, stepsIn, train, until } from '../../support/lockstep.ts';
import type { Slurm } from '../../support/slurm.ts';
import { smallRun } from '../train/small-run.ts';

export const small: readonly string[] = [...smallRun, '--runtime', 'wasm', '--http-port', 'none'];
const startMs = 150_000; // of a job and its processes, on a busy machine

export interface Job {
  readonly id: string;
  readonly runDir: string;
}

/** The digest of the same run on this box, with one worker and no Slurm. */
export async function oneBoxDigest(runDir: string, words: readonly string[]): Promise<string> {
  return (await train([...small, ...words, '--workers', '1', '--run-dir', runDir])).parametersSha256;
}

/** @param flags of sbatch. @param words of train */
export async function launchTrain(
  { environment }: Slurm,
  flags: readonly string[],
  runDir: string,
  words: readonly string[],
): Promise<Job> {
  const launch = ['launch', '--slurm', ...flags, 'train', ...small, ...words, '--run-dir', runDir];
  const { code, stdout, stderr } = await runLockstep(launch, environment);
  if (code !== 0) throw new Error(`launch ended with exit code ${code}:\n${stderr}`);
  return { id: stdout.trim(), runDir };
}

/** Waits until a job's run has made so many steps. */
export const madeSteps = ({ runDir }: Job, steps: number): Promise<void> =>
  until(
    () => stepsIn(runDir) >= steps,
    () => `${stepsIn(runDir)} steps of ${steps}:\n${logOf(runDir)}`,
    startMs,
  );

/** Waits until a run has been taken over so many times. */
export const beganAgain = ({ runDir }: Job, incarnation: number): Promise<void> =>
  until(
    () => existsSync(join(runDir, `owner-${incarnation}.json`)),
    () => `it did not begin again:\n${logOf(runDir)}`,
    startMs * 2,
  );

export const resultOf = ({ runDir }: Job): RunSummary =>
  JSON.parse(readFileSync(join(runDir, 'slurm', 'run.json'), 'utf8')) as RunSummary;

/** All that a job said. */
export function logOf(dir: string): string {
  const folder = join(dir, 'slurm');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : [];
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

/** Processes of a run's workers, by rank: the words that each was started with, and its environment. */
export function workersOf({
  runDir,
}: Job): { readonly pid: number; readonly environment: readonly string[] }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const isWorker = words.includes('worker') && words.some((word) => word.startsWith(runDir));
      if (!isWorker || !words[0]!.endsWith('node')) return [];
      return [{ pid: Number(name), environment: readFileSync(`/proc/${name}/environ`, 'utf8').split('\0') }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** The real command as a real process, for tests from end to end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunSummary } from '../../coordinator/summary.ts';

const entry = resolve(import.meta.dirname, '../../deploy/lockstep.mjs');
const markName = 'LOCKSTEP_TEST_MARK';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Processes that this command started, itself included, and that are alive. */
  processes(): { readonly pid: number; readonly words: readonly string[] }[];
}

/** @param within words before the command, such as those that enter another network */
export function startLockstep(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  node = process.execPath,
  within: readonly string[] = [],
): Running {
  const mark = randomUUID();
  const [program = '', ...args] = [...within, node, entry, ...words];
  const child = spawn(program, args, {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', ...environment, [markName]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((settle) => child.on('close', (code) => settle({ code, stdout, stderr })));
  return { child, ended, processes: () => markedProcesses(mark) };
}

export const runLockstep = (
  words: readonly string[],
  environment?: NodeJS.ProcessEnv,
  node?: string,
): Promise<Ended> => startLockstep(words, environment, node).ended;

/** Runs `train --json` to its end. @throws with all that it said when it fails */
export async function train(
  words: readonly string[],
  environment?: NodeJS.ProcessEnv,
  node?: string,
): Promise<RunSummary> {
  return summaryOf(await runLockstep(['train', '--json', ...words], environment, node));
}

export function summaryOf({ code, stdout, stderr }: Ended): RunSummary {
  if (code !== 0) throw new Error(`exit code ${code}:\n${stderr}`);
  return JSON.parse(stdout) as RunSummary;
}

/** Waits until it is so. @throws after `timeoutMs`, with what `describe` says */
export async function until(
  condition: () => boolean,
  describe: () => string,
  timeoutMs = 60_000,
): Promise<void> {
  const stepMs = 20;
  for (let waitedMs = 0; !condition(); waitedMs += stepMs) {
    if (waitedMs >= timeoutMs) throw new Error(`waited ${timeoutMs} ms in vain: ${describe()}`);
    await delay(stepMs);
  }
}

/** Steps that a run has written down. */
export function stepsIn(runDir: string): number {
  const file = `${runDir}/history.jsonl`;
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

function markedProcesses(mark: string): { pid: number; words: string[] }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${markName}=${mark}`)) return [];
      if (/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${name}/stat`, 'utf8'))) return [];
      return [{ pid: Number(name), words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** `lockstep train`, whose processes are killed from outside: it starts them again by itself. */
import { readFileSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startLockstep, until, type Running } from '../lockstep.ts';
import { temporaryFolder } from '../temporary.ts';
import { flags } from './runs.ts';

export interface SupervisedRun extends Running {
  readonly runDir: string;
  readonly checkpoints: string; // a folder
  readonly told: () => string;
  /** The process of a kind; null while there is none. */
  pidOf(kind: 'coordinator' | 'worker' | 'reducer'): number | null;
  /** Waits until the coordinator was started again so many times in all. */
  restarted(times: number): Promise<void>;
}

/** @param words beside the small run's */
export function startSupervised(
  words: readonly string[],
  context: TestContext,
  runDir = join(temporaryFolder(), 'run'),
): SupervisedRun {
  const running = startLockstep(['train', '--json', ...flags, '--port', '0', ...words, '--run-dir', runDir]);
  context.after(() => {
    for (const { pid } of running.processes()) process.kill(pid, 'SIGKILL');
  });
  let told = '';
  running.child.stderr!.on('data', (data: Buffer) => (told += data.toString()));
  return {
    ...running,
    runDir,
    checkpoints: join(runDir, 'checkpoints'),
    told: () => told,
    pidOf: (kind) => running.processes().find(({ words }) => kindOf(words) === kind)?.pid ?? null,
    restarted: (times) =>
      until(
        () => told.split('the coordinator ended with signal SIGKILL; resuming').length > times,
        () => told,
        120_000,
      ),
  };
}

/** A reducer is a coordinator by name. */
const kindOf = ([, , command, ...words]: readonly string[]): string | undefined =>
  words.includes('--reducer-of') ? 'reducer' : command;

/** Kills a process in the moment that somebody begins to write a checkpoint. @returns the file's name */
export function killWhileWriting(checkpoints: string, pid: number): Promise<string> {
  return new Promise((resolve) => {
    const watcher = watch(checkpoints, (_event, name) => {
      if (name === null || !/^\.step-.*\.partial$/.test(name)) return;
      watcher.close();
      process.kill(pid, 'SIGKILL');
      resolve(name);
    });
  });
}

/** Cuts a file short in the middle. */
export const truncate = (path: string): void => truncateSync(path, readFileSync(path).length >> 1);

/** Flips one bit in the middle of a file. */
export function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(path, bytes);
}

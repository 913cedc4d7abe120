/**
 * The workers of this box: one process a device, restarted when it dies of something that may pass.
 *
 * A worker that ends by itself says why by its exit code. Lost connections and signals (a crash, the kernel's
 * out-of-memory killer) are tried again, each time after a longer wait; what a restart cannot mend (a wrong
 * flag, no such device, refused at the door) is not.
 */
import { join } from 'node:path';
import { exitCodes } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { createLineLog, startChild, type Child, type Exit, type LineLog } from './child.ts';
import { createRestarts, givenUp, howItEnded, mayPass, type Restarts } from './restarts.ts';

export interface WorkersOptions {
  readonly entry: string;
  readonly count: number;
  readonly endpoint: string;
  readonly runDir: string;
  readonly config: Config;
  readonly gpus: readonly string[]; // as CUDA_VISIBLE_DEVICES names them, dealt in turn
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** A worker that will not be tried again. */
export interface WorkerFailure {
  readonly rank: number;
  readonly exit: Exit;
  readonly lines: readonly string[]; // the last ones that it wrote
}

/** The last line, without the time that a log has before it. @returns undefined where it wrote none */
export const lastWords = (lines: readonly string[]): string | undefined =>
  lines.at(-1)?.replace(/^(\S+Z |.*?lockstep: )/, '');

export interface Workers {
  /** Settles when no worker is left that will work again. */
  readonly exhausted: Promise<WorkerFailure>;
  /** Ends them all, by force after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export function startWorkers(options: WorkersOptions): Workers {
  const { count, clock, say } = options;
  const running = new Map<number, Child>();
  const waits = new Map<number, () => void>(); // cancel a restart
  let stopping = false;
  let goneCount = 0;
  let first: WorkerFailure | null = null;
  let exhaust: (failure: WorkerFailure) => void;
  const exhausted = new Promise<WorkerFailure>((resolve) => (exhaust = resolve));

  function start(rank: number, restarts: Restarts): void {
    const log = createLineLog(join(options.runDir, 'logs', `rank-${rank}.log`), say);
    const child = startChild(childOf(options, rank, log));
    running.set(rank, child);
    void watch(rank, child, log, restarts);
  }

  async function watch(rank: number, child: Child, log: LineLog, restarts: Restarts): Promise<void> {
    const beganMs = clock.nowMs();
    const exit = await child.exited;
    running.delete(rank);
    log.close();
    if (!stopping) onDeath(rank, exit, log, restarts, clock.nowMs() - beganMs);
  }

  function onDeath(rank: number, exit: Exit, log: LineLog, restarts: Restarts, livedMs: number): void {
    if (exit.code === exitCodes.ok) return giveUp({ rank, exit, lines: [] });
    const failure = { rank, exit, lines: log.last() };
    const how = howItEnded(exit);
    const said = exit.signal === null ? lastWords(failure.lines) : undefined; // a signal leaves no last words
    const why = said === undefined ? '' : `: ${said}`;
    const waitMs = restarts.after(exit, livedMs);
    if (waitMs === null) {
      say(`rank ${rank} ended with ${how}${why}${mayPass(exit) ? `; it ${givenUp}` : ''}`);
      return giveUp(failure);
    }
    say(`rank ${rank} ended with ${how}${why}; starting it again in ${waitMs / 1000} s`);
    waits.set(
      rank,
      clock.after(waitMs, () => start(rank, restarts)),
    );
  }

  function giveUp(failure: WorkerFailure): void {
    goneCount += 1;
    if (failure.exit.code !== exitCodes.ok) first ??= failure;
    if (goneCount === count) exhaust(first ?? failure);
  }

  for (let rank = 0; rank < count; rank++) start(rank, createRestarts());
  return {
    exhausted,
    async stop(graceMs) {
      stopping = true;
      for (const cancel of waits.values()) cancel();
      const cancelKill = clock.after(graceMs, () => running.forEach((child) => child.kill('SIGKILL')));
      for (const child of running.values()) child.kill('SIGTERM');
      await Promise.all([...running.values()].map(({ exited }) => exited));
      cancelKill();
    },
  };
}

function childOf({ entry, endpoint, config, gpus, environment }: WorkersOptions, rank: number, log: LineLog) {
  const { runtime, threads, precision, allowCpu } = config;
  const args = ['worker', '--connect', endpoint, '--rank', String(rank), '--runtime', runtime];
  args.push('--precision', precision);
  if (threads !== null) args.push('--threads', String(threads));
  if (allowCpu) args.push('--allow-cpu');
  const gpu = gpus.length === 0 ? undefined : gpus[rank % gpus.length];
  return {
    entry,
    args,
    environment: gpu === undefined ? environment : { ...environment, CUDA_VISIBLE_DEVICES: gpu },
    output: (line: string) => log.add(line),
    onMessage: () => undefined,
  };
}

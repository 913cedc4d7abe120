/**
 * The workers of a run: one process a device, wherever that is, restarted when it dies of something that may pass.
 *
 * A worker that ends by itself says why by its exit code. Lost connections and signals (a crash, the kernel's
 * out-of-memory killer) are tried again, each time after a longer wait; what a restart cannot mend (a wrong
 * flag, no such device, refused at the door) is not.
 */
import { exitCodes } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Exit } from './child.ts';
import { createRestarts, givenUp, howItEnded, mayPass, type Restarts } from './restarts.ts';

/** A worker that runs, or soon will. */
export interface WorkerProcess {
  readonly exited: Promise<Exit>;
  /** The last lines that it wrote. */
  lines(): readonly string[];
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface WorkersOptions {
  readonly count: number;
  readonly start: (rank: number) => WorkerProcess;
  readonly nameOf?: (rank: number) => string; // for people
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
  const { count, clock, say, nameOf = (rank) => `rank ${rank}` } = options;
  const running = new Map<number, WorkerProcess>();
  const waits = new Map<number, () => void>(); // cancel a restart
  let stopping = false;
  let goneCount = 0;
  let first: WorkerFailure | null = null;
  let exhaust: (failure: WorkerFailure) => void;
  const exhausted = new Promise<WorkerFailure>((resolve) => (exhaust = resolve));

  function start(rank: number, restarts: Restarts): void {
    const worker = options.start(rank);
    running.set(rank, worker);
    void watch(rank, worker, restarts);
  }

  async function watch(rank: number, worker: WorkerProcess, restarts: Restarts): Promise<void> {
    const beganMs = clock.nowMs();
    const exit = await worker.exited;
    running.delete(rank);
    if (!stopping) onDeath(rank, exit, worker.lines(), restarts, clock.nowMs() - beganMs);
  }

  function onDeath(
    rank: number,
    exit: Exit,
    lines: readonly string[],
    restarts: Restarts,
    livedMs: number,
  ): void {
    if (exit.code === exitCodes.ok) return giveUp({ rank, exit, lines: [] });
    const failure = { rank, exit, lines };
    const how = howItEnded(exit);
    const said = exit.signal === null ? lastWords(lines) : undefined; // a signal leaves no last words
    const why = said === undefined ? '' : `: ${said}`;
    const waitMs = restarts.after(exit, livedMs);
    if (waitMs === null) {
      say(`${nameOf(rank)} ended with ${how}${why}${mayPass(exit) ? `; it ${givenUp}` : ''}`);
      return giveUp(failure);
    }
    say(`${nameOf(rank)} ended with ${how}${why}; starting it again in ${waitMs / 1000} s`);
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
      const cancelKill = clock.after(graceMs, () => running.forEach((worker) => worker.kill('SIGKILL')));
      for (const worker of running.values()) worker.kill('SIGTERM');
      await Promise.all([...running.values()].map(({ exited }) => exited));
      cancelKill();
    },
  };
}

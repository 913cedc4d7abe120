/**
 * A box over the whole run, links come and go: while it is lost, it is tried again, after longer and longer waits,
 * and who wants to start something there waits until it is back.
 */
import { LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Box } from './box.ts';

export interface Station {
  readonly name: string;
  /** The box as it is reached now; waits while it is not. */
  whenOpen(): Promise<Box>;
  /** While it is reached. */
  now(): Box | null;
  /** Has the box end what it runs; settles when it has. */
  end(): Promise<void>;
  /** Ends the link at once. */
  cut(): void;
}

const firstWaitMs = 1000;
const longestWaitMs = 30_000;

export interface StationOptions {
  readonly connect: () => Promise<Box>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** @param box as it was reached first */
export function createStation(box: Box, { connect, clock, say }: StationOptions): Station {
  const { name } = box;
  let open: Promise<Box> = Promise.resolve(box);
  let current: Box | null = box;
  let isOver = false;
  let cancelWait = (): void => undefined;

  async function watch(watched: Box): Promise<void> {
    const why = await watched.lost;
    current = null;
    if (isOver) return;
    say(`${name} is lost (${why}): the others go on; trying to reach it again`);
    open = reconnect(watched);
  }

  async function reconnect(before: Box): Promise<Box> {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      await new Promise<void>((resolve) => (cancelWait = clock.after(waitMs, resolve)));
      const found = await connect().catch((error: unknown) => {
        if (error instanceof LockstepError) return null;
        throw error;
      });
      if (isOver) {
        found?.cut();
        return new Promise<Box>(() => undefined); // nobody waits for it any more
      }
      if (found === null) continue;
      if (found.hello.version !== before.hello.version || found.hello.code !== before.hello.code) {
        found.cut();
        say(
          `${name} is reached again, but has another lockstep now: install the one of this run, and it joins`,
        );
        continue;
      }
      say(`${name} is back`);
      current = found;
      void watch(found);
      return found;
    }
  }

  void watch(box);
  return {
    name,
    whenOpen: () => open,
    now: () => current,
    async end() {
      isOver = true;
      cancelWait();
      await current?.end();
    },
    cut() {
      isOver = true;
      cancelWait();
      current?.cut();
    },
  };
}

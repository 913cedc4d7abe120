/**
 * Whether and when a process that died is started again: after 1, 2, 4, 8 and 16 seconds, and not after five
 * deaths in a row. One that lived for a minute was well, and its death is the first of a new row.
 *
 * Only what may pass is tried again: a signal that we did not send (a crash, the kernel's out-of-memory killer)
 * and a lost connection. A wrong flag, damaged data, a device that is not there will be the same next time.
 */
import { exitCodes } from '../../shared/errors.ts';
import type { Exit } from './child.ts';

const restartLimit = 5; // in a row
const firstWaitMs = 1000;
const longLifeMs = 60_000;

export interface Restarts {
  /** Told of a death. @returns how long to wait before the next life; null: do not start it again */
  after(exit: Exit, livedMs: number): number | null;
}

export function createRestarts(): Restarts {
  let deaths = 0; // in a row, before this one
  return {
    after(exit, livedMs) {
      if (livedMs > longLifeMs) deaths = 0;
      if (!mayPass(exit) || deaths >= restartLimit) return null;
      deaths += 1;
      return firstWaitMs * 2 ** (deaths - 1);
    },
  };
}

export const mayPass = ({ signal, code }: Exit): boolean => signal !== null || code === exitCodes.peerLost;

/** Such as `signal SIGKILL`. */
export const howItEnded = ({ signal, code }: Exit): string =>
  signal === null ? `exit code ${code}` : `signal ${signal}`;

export const givenUp = `died ${restartLimit + 1} times in a row and is not started again`;

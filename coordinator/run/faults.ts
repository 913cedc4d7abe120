/** What could not be written: said aloud and counted, but no reason to stop, save for the loss of the folder. */
import { exitCodes, LockstepError } from '../../shared/errors.ts';

export interface Faults {
  /** @param what could not be written, such as `picture samples` */
  failed(what: string, error: unknown): void;
  /** @throws LockstepError (78) once a second coordinator was found to own the folder */
  assertNotLost(): void;
  readonly count: number;
}

export function createFaults(onProblem: (message: string) => void): Faults {
  let count = 0;
  let lost: LockstepError | null = null;
  return {
    failed(what, error) {
      if (error instanceof LockstepError && error.exitCode === exitCodes.configuration) lost = error;
      count += 1;
      onProblem(`${what} could not be written: ${(error as Error).message}`);
    },
    assertNotLost() {
      if (lost !== null) throw lost;
    },
    get count() {
      return count;
    },
  };
}

/**
 * How the command fails: in one line for what the reader can mend, with the stack for what they cannot.
 */
import { exitCodes, LockstepError } from '../../shared/errors.ts';

export interface Failure {
  readonly text: string; // for stderr, ending in a newline
  readonly exitCode: number;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof LockstepError) {
    return { text: `lockstep: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`, exitCode: error.exitCode };
  }
  const stack = stackOf(error);
  const cause =
    error instanceof Error && error.cause !== undefined ? `caused by: ${stackOf(error.cause)}\n` : '';
  const text = `lockstep: ${stack}\n${cause}lockstep: this is a bug in lockstep; please report the lines above\n`;
  return { text, exitCode: exitCodes.runFailed };
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);

/**
 * Ends the process on any failure that nobody caught; a reader of our output that went away, as `head` does,
 * is none, and the run goes on.
 */
export function installBoundary(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') fail(error);
    });
  }
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

/** Tells, and ends the process: what is still open must not keep it. */
export function fail(error: unknown): never {
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(text);
  process.exit(exitCode);
}

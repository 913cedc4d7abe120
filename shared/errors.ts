/**
 * The three kinds of failure, and what each means for the process (style: one line that says who, what was
 * got, what was expected and what to do).
 *
 * - `assert` from node:assert is for our own bugs: it crashes.
 * - `ProtocolError` is for a peer: the message is dropped and counted under `kind`; nobody crashes.
 * - `LockstepError` is for the person at the command line: one line on stderr and an exit code.
 */

/** Exit codes after sysexits.h, and a shell's for signals. */
export const exitCodes = {
  ok: 0,
  runFailed: 1, // non-finite for good, the final checkpoint was not written
  usage: 64, // a value on the command line
  data: 65, // data or checkpoint missing, unreadable or corrupt
  unavailable: 69, // no such device or runtime
  peerLost: 75, // try again
  configuration: 78, // a value from environment, file or peer, or refused at the door
  interrupted: 130, // SIGINT, after a checkpoint
  terminated: 143, // SIGTERM, after a checkpoint
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure that a person can mend: `message` is the one line that they read. */
export class LockstepError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LockstepError';
    this.exitCode = exitCode;
  }
}

export const usageError = (message: string): LockstepError => new LockstepError(message, exitCodes.usage);
export const dataError = (message: string, cause?: unknown): LockstepError =>
  new LockstepError(message, exitCodes.data, { cause });
export const configurationError = (message: string): LockstepError =>
  new LockstepError(message, exitCodes.configuration);
export const unavailableError = (message: string): LockstepError =>
  new LockstepError(message, exitCodes.unavailable);
export const runError = (message: string): LockstepError => new LockstepError(message, exitCodes.runFailed);

/** A message from a peer that must not be believed. `kind` is a bounded metric label, such as `crc`. */
export class ProtocolError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.kind = kind;
  }
}

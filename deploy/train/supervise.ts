/**
 * A run as its parent sees it: a coordinator, its workers, signals, and what ends it. Where the processes are is
 * the business of whoever hands in the parts.
 *
 * The coordinator decides how the run ends: its exit code is ours. When it dies of a signal, or because it lost
 * one of its reducers, it is started again, from the run folder's last checkpoint; the workers find it by
 * themselves.
 */
import { exitCodes, LockstepError, type ExitCode } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { httpWords } from '../cli/http-flags.ts';
import { nthTraceFile } from '../cli/trace-file.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import type { Exit } from './child.ts';
import { desertion } from './parent.ts';
import { createRestarts, givenUp, howItEnded, mayPass } from './restarts.ts';
import { lastWords, type WorkerFailure, type Workers } from './workers.ts';

/** What the coordinator says through the channel once it can be reached. */
export interface Listening {
  readonly type: 'listening';
  readonly endpoint: string;
  readonly runDir: string;
  readonly runId: string;
  readonly httpPort: number | null; // of the live page
}

export interface CoordinatorProcess {
  readonly exited: Promise<Exit>;
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
  /** Through the channel between it and its parent. */
  tell(message: string): void;
}

export interface RunParts {
  readonly request: Pick<TrainRequest, 'argv' | 'http' | 'json' | 'quiet' | 'trace'>;
  readonly startCoordinator: (
    flags: readonly string[],
    onListening: (listening: Listening) => void,
  ) => CoordinatorProcess;
  readonly startWorkers: (listening: Listening) => Workers;
  /** Waits until a coordinator that died can be started again where it was. */
  /** @returns whether its address was somebody else's, and was waited for */
  readonly beforeRestart: (listening: Listening) => Promise<boolean>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Given what a signal does: the first one ends the run with a checkpoint, the second at once. */
  readonly onSignals: (onSignal: (signal: 'SIGINT' | 'SIGTERM') => void) => void;
}

const graceMs = 5000;

/** @returns the exit code of the run. @throws LockstepError where no worker is left */
export async function superviseRun(parts: RunParts): Promise<number> {
  const { request, clock, say } = parts;
  let workers: Workers | null = null;
  let coordinator: CoordinatorProcess | null = null;
  let signals = 0;
  let signalCode: number = exitCodes.interrupted;
  let failure: WorkerFailure | null = null;

  parts.onSignals((signal) => {
    if (signals === 0 && signal === 'SIGTERM') signalCode = exitCodes.terminated;
    signals += 1;
    coordinator?.kill(signals === 1 ? signal : 'SIGKILL'); // once: checkpoint and leave; twice: leave at once
    if (signals > 1) void workers?.stop(0);
  });

  /** Without workers, and none that would work again, a run can only be ended. */
  async function endWhenExhausted({ exhausted }: Workers): Promise<void> {
    const found = await exhausted;
    if (found.exit.code === exitCodes.ok) return;
    failure = found;
    coordinator?.tell(desertion);
  }

  let listening: Listening | null = null;
  const onListening = (now: Listening): void => {
    listening = now;
    if (workers !== null || signals > 0) return;
    workers = parts.startWorkers(now);
    void endWhenExhausted(workers);
  };
  const restarts = createRestarts();
  for (let deaths = 0; ; deaths++) {
    const beganMs = clock.nowMs();
    coordinator = parts.startCoordinator(coordinatorFlags(request, listening, deaths), onListening);
    const exit = await coordinator.exited;
    const begunAnew = deaths > 0 && listening !== null && signals === 0 && failure === null;
    if (begunAnew && exit.code === exitCodes.configuration && (await parts.beforeRestart(listening!)))
      continue; // taken while it began
    const waitMs = restarts.after(exit, clock.nowMs() - beganMs);
    if (waitMs === null || listening === null || signals > 0 || failure !== null) {
      if (signals === 0 && waitMs === null && mayPass(exit)) say(`the coordinator ${givenUp}`);
      await (workers as Workers | null)?.stop(graceMs);
      if (failure !== null) throw workerError(failure);
      return signals > 1 ? signalCode : exit.code;
    }
    say(`the coordinator ended with ${howItEnded(exit)}; resuming in ${waitMs / 1000} s`);
    await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    await parts.beforeRestart(listening);
  }
}

/** The flags as they were given; after a crash, to resume what was begun, at the same place. */
function coordinatorFlags(
  { argv, http, json, quiet, trace }: RunParts['request'],
  listening: Listening | null,
  deaths: number,
): string[] {
  if (listening === null) return [...argv];
  const port = new URL(listening.endpoint).port;
  const flags = ['--resume', listening.runDir, '--port', port, ...httpWords(http, listening.httpPort)];
  if (json) flags.push('--json');
  if (quiet) flags.push('--quiet');
  if (trace !== null) flags.push('--trace', nthTraceFile(trace, deaths + 1));
  return flags;
}

/** Why no worker is left, in its own words. */
function workerError({ rank, exit, lines }: WorkerFailure): Error {
  const why = lastWords(lines) ?? `it ended with exit code ${exit.code}`;
  const message = `no worker is left: rank ${rank}: ${why}`;
  const known = (Object.values(exitCodes) as number[]).includes(exit.code);
  return new LockstepError(message, known ? (exit.code as ExitCode) : exitCodes.runFailed);
}

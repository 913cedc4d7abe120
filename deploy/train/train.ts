/**
 * `lockstep train` on this box: a coordinator, its workers, and this process, which only starts them, starts
 * them again, and ends them.
 *
 * The coordinator gets the very flags that were given here, writes to this terminal, and decides how the run
 * ends: its exit code is ours. When it dies of a signal, or because it lost one of its reducers, it is started
 * again, from the run folder's last checkpoint; the workers find it by themselves.
 */
import { exitCodes, LockstepError, type ExitCode } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import { httpWords } from '../cli/http-flags.ts';
import { nthTraceFile } from '../cli/trace-file.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { workerCountOf } from '../cli/worker-count.ts';
import { startChild, type Child } from './child.ts';
import { waitForPort } from './free-port.ts';
import { desertion } from './parent.ts';
import { createRestarts, givenUp, howItEnded, mayPass } from './restarts.ts';
import { lastWords, startWorkers, type WorkerFailure, type Workers } from './workers.ts';

const graceMs = 5000;
const portWaitMs = 120_000; // for a port that somebody took while the coordinator was dead

/** What the coordinator says through the channel once it can be reached. */
export interface Listening {
  readonly type: 'listening';
  readonly endpoint: string;
  readonly runDir: string;
  readonly httpPort: number | null; // of the live page
}

/** @returns the exit code of the run */
export async function runTrain(request: TrainRequest, entry: string): Promise<number> {
  const environment = process.env;
  const say = (line: string): void => void process.stderr.write(`lockstep: ${line}\n`);
  const gpus = visibleGpus(environment).map(({ index }) => index);
  let workers: Workers | null = null;
  let coordinator: Child | null = null;
  let signals = 0;
  let signalCode: number = exitCodes.interrupted;
  let failure: WorkerFailure | null = null;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (signals === 0 && signal === 'SIGTERM') signalCode = exitCodes.terminated;
    signals += 1;
    coordinator?.kill(signals === 1 ? signal : 'SIGKILL'); // once: checkpoint and leave; twice: leave at once
    if (signals > 1) void workers?.stop(0);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  if (process.channel !== undefined) process.once('disconnect', () => onSignal('SIGTERM')); // the parent died

  /** Without workers, and none that would work again, a run can only be ended. */
  async function endWhenExhausted({ exhausted }: Workers): Promise<void> {
    const found = await exhausted;
    if (found.exit.code === exitCodes.ok) return;
    failure = found;
    coordinator?.tell(desertion);
  }

  function onListening({ endpoint, runDir }: Listening): void {
    if (workers !== null || signals > 0) return;
    const count = workerCountOf(request.config);
    workers = startWorkers({
      entry,
      count,
      endpoint,
      runDir,
      config: request.config,
      gpus,
      environment,
      clock: systemClock,
      say,
    });
    void endWhenExhausted(workers);
  }

  let listening: Listening | null = null;
  const restarts = createRestarts();
  for (let deaths = 0; ; deaths++) {
    const args = ['coordinator', ...coordinatorFlags(request, listening, deaths)];
    const onMessage = (message: unknown): void => {
      listening = message as Listening;
      onListening(listening);
    };
    const beganMs = systemClock.nowMs();
    coordinator = startChild({ entry, args, environment, output: 'inherit', onMessage });
    const exit = await coordinator.exited;
    const waitMs = restarts.after(exit, systemClock.nowMs() - beganMs);
    if (waitMs === null || listening === null || signals > 0 || failure !== null) {
      if (signals === 0 && waitMs === null && mayPass(exit)) say(`the coordinator ${givenUp}`);
      await (workers as Workers | null)?.stop(graceMs);
      if (failure !== null) throw workerError(failure);
      return signals > 1 ? signalCode : exit.code;
    }
    say(`the coordinator ended with ${howItEnded(exit)}; resuming in ${waitMs / 1000} s`);
    await new Promise<void>((resolve) => systemClock.after(waitMs, resolve));
    const { hostname: host, port } = new URL((listening as Listening).endpoint);
    await waitForPort({ host, port: Number(port) }, portWaitMs, systemClock, () =>
      say(`somebody else listens on port ${port} now: waiting for it, since the workers look there`),
    );
  }
}

/** The flags as they were given; after a crash, to resume what was begun, at the same place. */
function coordinatorFlags(
  { argv, http, json, quiet, trace }: TrainRequest,
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

/**
 * Runs a coordinator in this process: its screen on stderr, its result on stdout, and an exit code that says how
 * the run ended.
 */
import { runCoordinator, type RunEnd } from '../../coordinator/main.ts';
import { Interrupted } from '../../coordinator/requests.ts';
import { createScreen, type Screen } from '../../coordinator/screen.ts';
import { exitCodes } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { terminationGraceOf } from '../../shared/runtime/termination-grace.ts';
import { isLoopback, withHubKeys } from '../../shared/transport/keys.ts';
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import type { Listening as ListenFlags } from '../cli/listen-flags.ts';
import { cacheFolder, newRunFolder } from '../cli/folders.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { servingRequestOf } from '../cli/http-flags.ts';
import { packageVersion } from '../cli/version.ts';
import { workerCountOf } from '../cli/worker-count.ts';
import { writeReport } from '../report/report.ts';
import { desertion, whenParentIsGone } from './parent.ts';
import { createReducerProcesses, type ReducerProcesses } from './reducers.ts';
import type { Listening } from './supervise.ts';

const sameSignalMs = 3000;
const graceMs = 2000; // for reducers, which know already that the run is over

/**
 * @param listening where, and to whom
 * @returns the exit code. @throws LockstepError when the run failed
 */
export async function startCoordinator(request: TrainRequest, listening: ListenFlags): Promise<number> {
  const screen = createStderrScreen(request.quiet);
  const interruption = listenForSignals();
  const reducers = createReducerProcesses({
    entry: process.argv[1] ?? '',
    environment: process.env,
    clock: systemClock,
    say: (line) => screen.problem(line),
  });
  try {
    const end = await run(request, listening, screen, reducers, interruption.whenAsked);
    const { isDeserted } = interruption;
    // Its parent says why, and of a run that did not begin there is nothing to say.
    if (!isDeserted() || end.summary.steps > 0) await report(request, screen, end, isDeserted());
    return end.stopped === 'asked' ? interruption.exitCode() : exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) return interruption.exitCode();
    throw error;
  } finally {
    screen.close();
    await reducers.stop(graceMs);
  }
}

function run(
  request: TrainRequest,
  { host, port, keys, insecure, notices: ofListening, announce }: ListenFlags,
  screen: Screen,
  reducers: ReducerProcesses,
  onStoppable: (stop: () => void) => void,
): Promise<RunEnd> {
  const { config, sources, saved, notices, resume, initFrom, preset } = request;
  const now = systemClock.wallTime().toISOString();
  const isThisBox = keys === undefined && isLoopback(host);
  const alone =
    isThisBox || config.reducers < 2
      ? []
      : [`--reducers ${config.reducers} is for runs on one box: the coordinator reduces by itself`];
  return runCoordinator({
    loaded: { config, sources },
    preset,
    saved,
    notices: [...notices, ...ofListening, ...alone],
    runDir: resume ?? request.runDir ?? newRunFolder(now, preset ?? 'run'),
    resume: resume !== null,
    initFrom,
    listen: { host, port },
    workerCount: workerCountOf(config),
    grace: terminationGraceOf(config, process.env),
    cacheDir: cacheFolder(),
    trace: request.trace,
    version: packageVersion(),
    transport: withHubKeys(createZeromqTransport(systemClock), { keys, insecure }),
    clock: systemClock,
    screen,
    startReducers: isThisBox ? reducers.start : undefined,
    serving: servingRequestOf(request.http),
    onListening(endpoint, { path: runDir, runId }, httpPort) {
      announce?.(endpoint);
      const message: Listening = { type: 'listening', endpoint, runDir, runId, httpPort };
      process.send?.(message);
    },
    onStoppable,
  });
}

/** The page of the run, the last words on the screen, and the one line for programs, unless the run failed. */
async function report(
  { json, preset, config }: TrainRequest,
  screen: Screen,
  { summary, stopped, bestLoss, generative }: RunEnd,
  isDeserted: boolean,
): Promise<void> {
  const { runDir, seconds } = summary;
  screen.busy('writing the report');
  const hasReport = await writeReport(runDir).then(
    () => true,
    (error: unknown) => {
      screen.problem(
        `the report could not be written: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false; // the run itself is whole
    },
  );
  const result = { ...summary, stopped: isDeserted ? ('deserted' as const) : stopped };
  screen.finished({
    result,
    runDir,
    bestHeldOutLoss: bestLoss,
    seconds,
    preset: preset ?? '',
    hasReport,
    generative,
    hasSchedule: config.learningRateSchedule !== 'constant',
  });
  if (json && !isDeserted) process.stdout.write(`${JSON.stringify(summary)}\n`);
}

function createStderrScreen(quiet: boolean): Screen {
  const { stderr, env } = process;
  const isTerminal = stderr.isTTY && !env['CI'];
  return createScreen({
    write: (text) => void stderr.write(text),
    isTerminal,
    colour: isTerminal && !env['NO_COLOR'],
    quiet,
    nowMs: () => systemClock.nowMs(),
    columns: () => stderr.columns,
  });
}

/**
 * Ctrl-C, SIGTERM, the parent's death, or its word that no worker is left: the run saves a checkpoint and ends.
 * The second time the process ends at once. A batch system signals every process of a job, and the job's
 * script passes it on: SIGTERM twice within moments is once.
 */
function listenForSignals() {
  let asked: NodeJS.Signals | null = null;
  let stop: (() => void) | null = null;
  let deserted = false;
  let askedMs = 0;
  const exitCode = (): number => (asked === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = systemClock.nowMs();
    if (asked === 'SIGTERM' && signal === 'SIGTERM' && nowMs - askedMs < sameSignalMs) return;
    if (asked !== null) process.exit(exitCode());
    [asked, askedMs] = [signal, nowMs];
    stop?.();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  whenParentIsGone(() => onSignal('SIGTERM'));
  process.on('message', (message) => {
    if (message !== desertion || asked !== null) return;
    deserted = true;
    onSignal('SIGTERM');
  });
  return {
    exitCode,
    isDeserted: () => deserted,
    whenAsked(callback: () => void) {
      stop = callback;
      if (asked !== null) callback();
    },
  };
}

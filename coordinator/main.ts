/**
 * Wires a coordinator: the run folder, the data, the program with its journal and screen, and the hub.
 *
 * It says where it listens as soon as it does, and settles when the run is over and everything is on disk.
 */
import { hostname } from 'node:os';
import { createKernels } from '../shared/math/kernels.ts';
import { describeData, packRows } from '../shared/protocol/row-frames.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import { fitToImages } from '../shared/runtime/config-checks.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { PresetName } from '../shared/runtime/presets.ts';
import { keepHorizon } from '../shared/runtime/resume-config.ts';
import type { TerminationGrace } from '../shared/runtime/termination-grace.ts';
import type { LoadedConfig } from '../shared/runtime/sources.ts';
import type { Transport } from '../shared/transport/transport.ts';
import { beginAnew, readInitial, resumeFrom, type Beginning, type InitialParameters } from './beginning.ts';
import { createCluster } from './cluster.ts';
import { createCoordinator, type Coordinator } from './coordinator.ts';
import { createDeadlines, defaultDeadlines } from './deadlines.ts';
import { bindHub, type ListenAddress } from './listening.ts';
import { createOffences } from './offences.ts';
import type { Journal } from './journal.ts';
import { train, type RunResult } from './program.ts';
import { totalSteps } from './progress.ts';
import { createRunJournal, type RunJournal } from './run/journal.ts';
import { createRunFolder, reopenRunFolder, type RunFolder } from './run/run-folder.ts';
import { openRunData, type RunData } from './run-data.ts';
import { serveFailure, serveRun } from './serving/serve-run.ts';
import type { Serving, ServingRequest } from './serving/serving.ts';
import { toldToo } from './serving/watchers.ts';
import type { Screen } from './screen.ts';
import { startCoordinator } from './shell.ts';
import { startedFacts } from './started.ts';
import { summarise, type RunSummary } from './summary.ts';
import { outerReducers, type StartReducers } from './reducers/gathering.ts';
import { createStores } from './stores.ts';
import { openTrace, type TraceSession } from './trace-session.ts';
import { factsOf, watched } from './watched.ts';

export interface CoordinatorOptions {
  readonly loaded: LoadedConfig;
  readonly preset: PresetName | null; // that the run was begun with
  readonly saved: Config | null; // of the run that is resumed
  readonly notices: readonly string[]; // to be told at the start
  readonly runDir: string; // a new folder, or the one to resume
  readonly resume: boolean;
  readonly initFrom: string | null; // a checkpoint whose parameters are the first ones
  readonly listen: ListenAddress;
  readonly workerCount: number; // expected
  readonly grace: TerminationGrace | null; // that the process has to end in, where that is known
  readonly cacheDir: string; // of rows and principal components
  readonly trace?: string | null; // file of a trace, replaced
  readonly version: string; // of the package
  readonly transport: Transport;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly serving: ServingRequest; // of metrics and the live page
  readonly onListening: (endpoint: string, folder: RunFolder, httpPort: number | null) => void;
  /** Starts reducers in processes of their own; without it the coordinator reduces by itself. */
  readonly startReducers?: StartReducers | undefined;
  /** Given a function that ends the run early. */
  readonly onStoppable: (stop: () => void) => void;
}

export interface RunEnd {
  readonly summary: RunSummary;
  readonly stopped: RunResult['stopped'];
  readonly bestLoss: number | null; // held out, or of training rows where none are
  readonly generative: boolean; // whether the model draws
}

const budgetChunks = 24; // of gradients under way, for all workers together: 96 MiB
const windowChunks = 8; // of parameters under way to one worker
const solverVersion = 'float64-1'; // of principal components: a part of their cache's key

/** @throws LockstepError, or `Interrupted` when it was asked to end before its first step could be saved */
export async function runCoordinator(asked: CoordinatorOptions): Promise<RunEnd> {
  const { clock } = asked;
  const beganMs = clock.nowMs();
  const { initFrom, loaded } = asked;
  const initial = initFrom === null ? null : readInitial(initFrom, loaded.config.seed);
  const trace = openTrace(asked.trace ?? null, clock, (message) => asked.screen.problem(message));
  const { data, config, notices } = await prepare(asked);
  const folder = claimFolder(asked);
  folder.writeConfig(config, asked.preset);
  const beginning = begin(asked, folder, data, initial);
  const facts = factsOf(beginning);
  let stopping = false;
  const serving = await serveRun(asked, folder, data, config, () => runJournal.writeErrors);
  const options = { ...asked, screen: toldToo(asked.screen, serving.watchers) };
  const { screen } = options;
  const runJournal = keepJournal(options, config, folder, data, beginning, () => stopping);
  const epochs = config.steps === null ? config.epochs : null;
  const extent = { stepCount: totalSteps(config, data.workload), epochs };
  const journal = watched(runJournal, screen, extent, facts);
  const offences = createOffences({
    nowMs: () => clock.nowMs(),
    count: (kind) => serving.offence(kind),
    say: (line) => screen.problem(line),
  });
  const shell = await startCoordinator({
    coordinator: assemble(options, folder.runId, config, data, beginning, journal, serving, trace),
    trace: trace?.shell ?? null,
    epoch: folder.incarnation,
    clock,
    bind: serving.metered((events) => bindHub(options.transport, options.listen, offences.watching(events))),
    packRows: (of, rows) => packRows(of === 'test' ? data.test! : data.training, rows),
    onNotice: (notice) => screen.notice(notice),
    onOffence: offences.offence,
  });
  try {
    options.onStoppable(() => {
      stopping = true;
      shell.stop();
      serving.hurry();
    });
    const told = [...options.notices, ...notices, ...serving.notices];
    screen.started(startedFacts(options, config, data, beginning, { folder, shell, serving, notices: told }));
    serving.ready();
    options.startReducers?.(outerReducers(config.reducers), shell, folder.path);
    options.onListening(shell.endpoint, folder, serving.port);
    const result = await shell.finished;
    screen.busy('writing the last checkpoint');
    await runJournal.close();
    const seconds = (clock.nowMs() - beganMs) / 1000;
    await serving.end(result.stopped);
    const summary = summarise(folder.path, result, facts, config, data, seconds);
    const { bestLoss, generative } = facts;
    return { summary, stopped: result.stopped, bestLoss, generative };
  } catch (error) {
    await serveFailure(error, serving, shell);
    throw error;
  } finally {
    screen.close();
    await shell.close();
    await serving.close();
    trace?.close();
    data.close();
  }
}

/** Opens the data, and settles what of the configuration depends on it. */
async function prepare({ loaded, saved, cacheDir, screen }: CoordinatorOptions) {
  let notices: readonly string[] = [];
  const fit = (pixelCount: number): Config => {
    const fitted = fitToImages(loaded, pixelCount);
    notices = fitted.notices;
    return fitted.loaded.config;
  };
  const data = await openRunData(loaded.config, cacheDir, (text) => screen.busy(text), fit);
  const { stream } = data.workload;
  const config =
    saved === null ? data.config : keepHorizon(data.config, saved, (epochs) => stream.stepsOfEpochs(epochs));
  return { data, config, notices };
}

function claimFolder({ clock, resume, runDir }: CoordinatorOptions): RunFolder {
  const owner = { host: hostname(), pid: process.pid, startedAt: clock.wallTime().toISOString() };
  return resume ? reopenRunFolder(runDir, owner) : createRunFolder(runDir, owner);
}

function begin(
  { resume, screen }: CoordinatorOptions,
  folder: RunFolder,
  { training }: RunData,
  initial: InitialParameters | null,
): Beginning {
  if (!resume) return beginAnew(initial);
  const beginning = resumeFrom(folder, training.hash);
  beginning.messages.forEach((message) => screen.problem(message));
  return beginning;
}

function keepJournal(
  { cacheDir, clock, grace, screen }: CoordinatorOptions,
  config: Config,
  folder: RunFolder,
  { training, pictures }: RunData,
  { progress, model, initial, bestStep }: Beginning,
  stopRequested: () => boolean,
): RunJournal {
  return createRunJournal({
    folder,
    config,
    dataHash: training.hash,
    pictures,
    createKernels,
    cacheFolder: cacheDir,
    solver: solverVersion,
    firstStep: progress?.step ?? 0,
    bestStep,
    resumedModel: model,
    initial,
    nowMs: () => clock.nowMs(),
    wallSeconds: () => clock.wallTime().getTime() / 1000,
    stopRequested,
    grace,
    onProblem: (message) => screen.problem(message),
    onCheckpoint: ({ step, path }) => screen.checkpointed(step, path),
  });
}

/** The machine: the program, and the cluster that carries it out. */
function assemble(
  options: CoordinatorOptions,
  runId: string,
  config: Config,
  { training, test, workload }: RunData,
  { model, take }: Beginning,
  journal: Journal,
  serving: Serving,
  trace: TraceSession | null,
): Coordinator<RunResult> {
  const { clock, version } = options;
  const nowMs = (): number => clock.nowMs();
  const program = train({
    config,
    workload,
    image: training.shape,
    labels: training.labels,
    journal,
    createKernels,
    nowMs,
    takeFirst: take,
  });
  const { reducers, requireIdentical, minWorkers } = config;
  const cluster = createCluster({
    door: {
      version,
      runId,
      requireIdentical,
      reducers: options.startReducers === undefined ? 0 : outerReducers(reducers),
      batchSize: config.batchSize,
      model,
      welcome: {
        configuration: config,
        data: describeData(training, training.cachePath),
        testData: test && describeData(test, test.cachePath),
      },
    },
    minWorkers,
    expectedWorkers: options.workerCount,
    stores: createStores({ budget: budgetChunks, window: windowChunks, createKernels }),
    deadlines: createDeadlines(defaultDeadlines),
    nowMs,
  });
  return serving.watch(createCoordinator(cluster, trace?.program(program) ?? program), cluster);
}

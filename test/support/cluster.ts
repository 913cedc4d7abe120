/**
 * A whole run in one process: the real coordinator and workers on the in-memory network, a fake model, and
 * virtual time. Computing takes virtual time too, so that what overlaps is decided by the seed.
 */
import { createCluster } from '../../coordinator/cluster.ts';
import { createCoordinator } from '../../coordinator/coordinator.ts';
import { createDeadlines, type DeadlineOptions } from '../../coordinator/deadlines.ts';
import type { Notice } from '../../coordinator/effects.ts';
import type { EvaluationRecord, Journal, Snapshot, StepRecord } from '../../coordinator/journal.ts';
import { train, type RunResult } from '../../coordinator/program.ts';
import { outerReducers } from '../../coordinator/reducers/gathering.ts';
import { startCoordinator, type CoordinatorShell } from '../../coordinator/shell.ts';
import type { TraceFile } from '../../coordinator/run/trace-file.ts';
import { createStores } from '../../coordinator/stores.ts';
import { createTraceSession } from '../../coordinator/trace-session.ts';
import type { Dataset, ImageShape } from '../../shared/data/dataset.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import type { Compute } from '../../shared/model/compute.ts';
import { maxFrameBytes } from '../../shared/protocol/frame.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { createWorkload } from '../../shared/runtime/workload.ts';
import { describeData, packRows } from '../../shared/protocol/row-frames.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../shared/transport/memory.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import type { VirtualClock } from '../../shared/transport/virtual-time.ts';
import { ownRows } from '../../worker/data.ts';
import type { FetchRows } from '../../worker/equipment.ts';
import { runWorkerShell } from '../../worker/shell.ts';
import { runReducer } from './cluster-reducer.ts';
import { memoryDataset, type FakeModel } from './fake-models.ts';
import { streamedRows } from './streamed-rows.ts';

export const image: ImageShape = { height: 2, width: 2, channels: 1 };
export const version = '0.0.0-test';
const endpoint = 'tcp://coordinator:1';
const transportOptions = { maxFrameBytes, peerTimeoutMs: 5000 };

export interface RunSetup {
  readonly seed: number; // of the network's delays
  readonly network?: MemoryNetwork; // of an earlier run, with whoever is still on it
  readonly model: FakeModel;
  readonly config?: Partial<Config>;
  readonly budget?: number;
  readonly minWorkers?: number;
  readonly expectedWorkers?: number;
  readonly deadlines?: DeadlineOptions;
  readonly checkEvery?: number;
  readonly learns?: boolean;
  readonly epoch?: number;
  readonly resume?: Snapshot;
  readonly trace?: TraceFile;
  readonly comingReducers?: number; // of those in processes of their own; all by default, r0, r1, ...
}

/** How a worker differs from the others. */
export interface WorkerSetup {
  readonly leafMs?: number; // virtual time that a leaf takes
  readonly aheadMs?: number; // of the coordinator's clock
  readonly alter?: (compute: Compute) => Compute;
  readonly version?: string;
  readonly transport?: (transport: Transport) => Transport;
  readonly dataset?: Dataset;
  readonly streamed?: boolean; // its rows are sent
  readonly log?: (line: string) => void;
  readonly before?: (fetch: FetchRows) => Promise<boolean>; // it is built
}

export interface Run {
  readonly network: MemoryNetwork;
  readonly config: Config;
  readonly shell: CoordinatorShell<RunResult>;
  readonly notices: Notice[];
  readonly offences: string[];
  readonly steps: StepRecord[];
  readonly evaluations: EvaluationRecord[];
  readonly snapshots: Snapshot[]; // one a step
  readonly exits: Map<string, { code: number; reason: string }>;
  startWorker(name: string, setup?: WorkerSetup): void;
  startReducer(name: string): void;
  /** Runs so many events, or to the end of the run. */
  events(count: number): Promise<void>;
  finish(): Promise<RunResult>;
}

export const datasetOf = (): Dataset => memoryDataset(image, 120, 5, 3);

/** Three steps of eight micro-batches, evaluated at the end. */
export const configOf = (changes: Partial<Config> = {}): Config =>
  configSchema.parse({
    components: null,
    batchSize: 24,
    microBatchSize: 3,
    steps: 3,
    learningRate: 0.01,
    evaluationRows: 12,
    statisticsRows: 12,
    ...changes,
  });

export async function startRun(setup: RunSetup): Promise<Run> {
  const network = setup.network ?? createMemoryNetwork({ seed: setup.seed, maxDelayMs: 5 });
  const config = configOf(setup.config);
  const host = network.host('coordinator');
  const training = datasetOf();
  const record = { notices: [] as Notice[], offences: [] as string[], exits: new Map<string, never>() };
  const journal = createMemoryJournal();
  const { nowMs } = host.clock;
  const program = train({
    config,
    workload: createWorkload(config, training.rowCount, 0),
    image,
    labels: training.labels,
    journal,
    createKernels,
    nowMs,
    takeFirst: () => ({ snapshot: setup.resume ?? null, parameters: null }),
  });
  const cluster = createCluster({
    door: {
      version,
      runId: 'run',
      requireIdentical: false,
      reducers: outerReducers(config.reducers),
      batchSize: config.batchSize,
      model: setup.resume?.model ?? null,
      welcome: { configuration: config, data: describeData(training, ''), testData: null },
    },
    minWorkers: setup.minWorkers ?? 1,
    expectedWorkers: setup.expectedWorkers ?? 1,
    stores: createStores({ budget: setup.budget ?? 12, window: 3, createKernels }),
    deadlines: createDeadlines(setup.deadlines ?? { floorMs: 30_000, factor: 5, firstMs: 60_000 }),
    ...(setup.checkEvery !== undefined && { checkEvery: setup.checkEvery }),
    learns: setup.learns ?? true,
    nowMs,
  });
  let isOver = false;
  const trace = setup.trace === undefined ? null : createTraceSession(setup.trace, host.clock);
  const shell = await startCoordinator({
    coordinator: createCoordinator(cluster, trace?.program(program) ?? program),
    trace: trace?.shell ?? null,
    epoch: setup.epoch ?? 1,
    clock: host.clock,
    bind: (events) => host.transport.bind(endpoint, transportOptions, events),
    packRows: (_, rows) => packRows(training, rows),
    onNotice: (notice) => void record.notices.push(notice),
    onOffence: (peer, kind, message) => void record.offences.push(`${peer} ${kind}: ${message}`),
  });
  const onExit = (name: string) => (end: { code: number; reason: string }) =>
    void (record.exits as Run['exits']).set(name, end);
  const startReducer = (name: string): void => runReducer(network, name, { endpoint, version }, onExit(name));
  const { comingReducers = outerReducers(config.reducers) } = setup;
  for (let index = 0; index < comingReducers; index++) startReducer(`r${index}`);
  const over = (): void => void (isOver = true);
  void shell.finished.then(over, over);

  return {
    network,
    config,
    shell,
    ...record,
    steps: journal.steps,
    evaluations: journal.evaluations,
    snapshots: journal.snapshots,
    startWorker: (name, worker = {}) => runWorker(network, name, setup.model, worker, onExit(name)),
    startReducer,
    async events(count) {
      let left = count;
      await network.runUntil(() => isOver || left-- === 0);
    },
    async finish() {
      await network.runUntil(() => isOver, 200_000);
      await shell.close();
      trace?.close();
      return shell.finished;
    },
  };
}

function runWorker(
  network: MemoryNetwork,
  name: string,
  model: FakeModel,
  { leafMs = 3, aheadMs = 0, alter = (compute) => compute, ...worker }: WorkerSetup,
  onExit: (end: { code: number; reason: string }) => void,
): void {
  const { clock, transport } = network.host(name);
  const training = worker.dataset ?? datasetOf();
  const { fingerprint } = model.create(image);
  const shell = runWorkerShell({
    transport: worker.transport?.(transport) ?? transport,
    transportOptions,
    endpoint,
    identity: { version: worker.version ?? version, host: name, pid: 1, fingerprint },
    clock: { ...clock, nowMs: () => clock.nowMs() + aheadMs },
    equip: async (welcome, _, fetch) => {
      if ((await worker.before?.(fetch)) === false) return null;
      const config = configSchema.parse(welcome.configuration);
      return {
        compute: alter(slow(model.create(image), clock, leafMs)),
        model: model.description,
        workload: createWorkload(config, training.rowCount, 0),
        data: worker.streamed === true ? streamedRows(welcome.data) : ownRows(training),
        seed: config.seed,
      };
    },
    log: worker.log ?? (() => {}),
  });
  void shell.then(onExit);
}

/** The same model on a device that needs virtual time for every leaf. */
function slow(compute: Compute, clock: VirtualClock, leafMs: number): Compute {
  const wait = (): Promise<void> => new Promise((resolve) => void clock.after(leafMs, resolve));
  return {
    ...compute,
    gradient: async (...leaf) => {
      await wait();
      return compute.gradient(...leaf);
    },
    evaluate: async (...leaf) => {
      await wait();
      return compute.evaluate(...leaf);
    },
  };
}

/** A journal that keeps what it was told, and wants a checkpoint after every step. */
function createMemoryJournal() {
  const kept = {
    steps: [] as StepRecord[],
    evaluations: [] as EvaluationRecord[],
    snapshots: [] as Snapshot[],
  };
  const journal: Journal = {
    modelKnown: () => {},
    basisKnown: () => {},
    stepDone: (step) => void kept.steps.push(step),
    evaluated: (evaluation) => void kept.evaluations.push(evaluation),
    picture: () => {},
    componentVariance: () => {},
    checkpoint: (snapshot) => void kept.snapshots.push(snapshot),
    checkpointDue: () => true,
    takeSpare: () => null, // all are kept
    stopRequested: () => false,
    cachedBasis: () => null,
  };
  return { ...journal, ...kept };
}

/**
 * The coordinator of a benchmark of the exchange: the real shell on real sockets, and a program that makes steps
 * of a model that computes nothing.
 *
 * A step ends when the last worker has the new parameters, which the program finds out by a second task that
 * needs them. Between two steps nobody works, and the same bytes are copied by memcpy in this process.
 */
import assert from 'node:assert/strict';
import { createCluster } from '../../../coordinator/cluster.ts';
import { createCoordinator } from '../../../coordinator/coordinator.ts';
import { createDeadlines, defaultDeadlines } from '../../../coordinator/deadlines.ts';
import { bindHub } from '../../../coordinator/listening.ts';
import { outerReducers } from '../../../coordinator/reducers/gathering.ts';
import { ask, type Program, type StepResult } from '../../../coordinator/requests.ts';
import { startCoordinator } from '../../../coordinator/shell.ts';
import { createStores } from '../../../coordinator/stores.ts';
import { runError } from '../../../shared/errors.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import type { Wire } from '../../../shared/math/node-values.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { withHubKeys } from '../../../shared/transport/keys.ts';
import type { BindOptions } from '../../../shared/transport/transport.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import type { AnswerPart } from '../part.ts';

export interface ExchangeOptions {
  readonly parameters: number; // P
  readonly workers: number;
  readonly reducers: number;
  readonly wire: Wire; // where it is not float32, every round is made on both, side by side
  readonly movedBytes: number; // by a step on this wire: what memcpy copies beside it
  readonly rounds: number; // one more is made first, and not counted
  readonly curve?: boolean; // encrypted, by keys that are made for it
  readonly keys?: BindOptions['keys'];
  readonly sharedMemory?: boolean; // false: everything takes the socket, as between machines
}

/** Milliseconds of one round. */
export interface ExchangeRound {
  readonly exchange: number; // from the first word of a step to the last worker's new parameters
  readonly onFloat32: number; // the same on a float32 wire; equal to `exchange` where that is the wire
  readonly memcpy: number; // of as many bytes
  readonly compute: number; // until every worker has said that its gradient is there
  readonly reduce: number; // until it is summed
  readonly commit: number; // Adam, and the parameters on their way
  readonly broadcast: number; // until all workers have them
}

export interface ExchangeResult {
  readonly rounds: readonly ExchangeRound[];
  readonly peakBytes: number; // of this process, without what memcpy needs
}

export const benchVersion = '0.0.0-bench';

/** Rows that nobody reads. */
export const benchData = (workers: number) => ({
  name: 'bench',
  hash: 'bench',
  shape: { height: 1, width: 1, channels: 1 },
  rowCount: 4 * workers,
  classCount: 0,
});
const budgetChunks = 24; // as coordinator/main.ts has them
const windowChunks = 8;
const optimiser = { updates: 0, learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const nowMs = (): number => systemClock.nowMs();

/** Answers `endpoint`, and `result` once all rounds are over. */
export async function openExchangeRun(options: ExchangeOptions): Promise<AnswerPart> {
  const { workers, reducers } = options;
  const cluster = createCluster({
    door: {
      version: benchVersion,
      runId: 'exchange',
      requireIdentical: true,
      reducers: outerReducers(reducers),
      batchSize: 2 * workers,
      model: null,
      welcome: {
        configuration: {},
        data: { ...benchData(workers), path: 'none', labelled: false },
        testData: null,
      },
    },
    minWorkers: workers,
    expectedWorkers: workers,
    learns: false, // a busy box makes no worker slow: each has one leaf in every step
    checkEvery: Infinity,
    stores: createStores({ budget: budgetChunks, window: windowChunks, createKernels }),
    deadlines: createDeadlines(defaultDeadlines),
    nowMs,
  });
  const rounds: ExchangeRound[] = [];
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => {}); // `result` tells
  const shell = await startCoordinator({
    coordinator: createCoordinator(cluster, makeRounds(options, rounds)),
    epoch: 1,
    clock: systemClock,
    packRows: () => new Uint8Array(0),
    bind: (events) =>
      bindHub(
        withHubKeys(createZeromqTransport(systemClock, { sharedMemory: options.sharedMemory ?? true }), {
          keys: options.keys,
        }),
        { host: '127.0.0.1', port: 0 },
        events,
      ),
    onNotice: (notice) => {
      if (notice.kind === 'fewReducers') fail(runError(`no ${notice.expected} reducers: ${notice.reason}`));
      if (notice.kind !== 'lost' && notice.kind !== 'refused') return;
      fail(runError(`rank ${notice.rank} of the exchange was ${notice.kind}: ${notice.reason}`));
    },
    onOffence: (peer, kind, message) => fail(runError(`${peer} ${message} (${kind})`)),
  });
  return async (question) => {
    if (question === 'endpoint') return shell.endpoint;
    await Promise.race([shell.finished, failed]);
    const copies = 2 * options.parameters * 4;
    const peakBytes = process.resourceUsage().maxRSS * 1024 - copies;
    return { rounds: rounds.slice(1), peakBytes } satisfies ExchangeResult;
  };
}

function* makeRounds(options: ExchangeOptions, made: ExchangeRound[]): Program<true> {
  const { workers, rounds, parameters, wire, movedBytes } = options;
  yield* ask({ kind: 'model' }, 'model');
  yield* ask({ kind: 'load', version: 1, fill: (part) => void part.parameters.fill(0.01) }, 'done');
  const copy = prepareCopy(parameters, movedBytes);
  yield* fence(workers);
  for (let round = 0; round <= rounds; round++) {
    const isEven = round % 2 === 0;
    const before = isEven ? copy() : 0;
    const first = yield* exchange(workers, round, isEven ? 'float32' : wire);
    const second = wire === 'float32' ? first : yield* exchange(workers, round, isEven ? wire : 'float32');
    const [onFloat32, exchanged] = isEven ? [first, second] : [second, first];
    made.push({ ...exchanged, onFloat32: onFloat32.exchange, memcpy: isEven ? before : copy() });
  }
  return true;
}

type Exchanged = Omit<ExchangeRound, 'memcpy' | 'onFloat32'>;

function* exchange(workers: number, step: number, wire: Wire): Program<Exchanged> {
  const beganMs = nowMs();
  const { result } = yield* ask(
    {
      kind: 'step',
      step,
      leafCount: workers,
      batchSize: workers,
      settings: { klWeight: 1 },
      wire,
      optimiser: { ...optimiser, updates: step },
      clipNorm: null,
      onNonfinite: 'stop',
    },
    'step',
  );
  assert.equal(result.workerCount, workers, 'workers of a step');
  const steppedMs = nowMs();
  yield* fence(workers);
  const endedMs = nowMs();
  return { exchange: endedMs - beganMs, ...phasesOf(result), broadcast: endedMs - steppedMs };
}

const phasesOf = ({ phases }: StepResult) => ({
  compute: (phases.parameters + phases.compute) * 1000,
  reduce: phases.exchange * 1000,
  commit: phases.commit * 1000,
});

/** A task that needs the parameters, and computes nothing: it is over when all workers have them. */
function* fence(workers: number): Program<void> {
  const spec = {
    kind: 'evaluate',
    split: 'training',
    rowCount: workers,
    settings: { klWeight: 1 },
  } as const;
  yield* ask({ kind: 'sum', spec, leafCount: workers, resultLength: 0, dtype: 'float32' }, 'sum');
}

/** @returns memcpy of what a step moves, P values after P values. Milliseconds */
function prepareCopy(parameters: number, bytes: number): () => number {
  const from = new Float32Array(parameters).fill(0.01);
  const to = new Float32Array(parameters).fill(0.02);
  return () => {
    const beganMs = nowMs();
    for (let left = bytes / 4; left > 0; left -= parameters) to.set(from.subarray(0, left));
    return nowMs() - beganMs;
  };
}

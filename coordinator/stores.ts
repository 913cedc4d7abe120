/**
 * Where values live on the coordinator's side: the reducers, which own [P], one sum for everything else, and
 * the arrays that workers need for a task (parameters, basis, statistics, covariance).
 *
 * An array goes to a worker when that worker is first dealt a task that needs it, and in every later version.
 */
import { ProtocolError } from '../shared/errors.ts';
import { adamScalars, clipScale } from '../shared/math/adam.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkLength, createLayout, type Layout } from '../shared/math/layout.ts';
import { nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues } from '../shared/protocol/frame.ts';
import type {
  ArrayKind,
  DataFrame,
  ModelDescription,
  TaskKind,
  TaskSpec,
} from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { createArraySender, type ArraySender } from './array-sender.ts';
import type { Effect } from './effects.ts';
import { createReducer, reducerBytes, reducerRanges, type Reducer, type Report } from './reducer.ts';
import type { Answer, Request, StepRequest } from './requests.ts';
import { createOwnSum, type OwnSum } from './own-sum.ts';
import type { Assignment } from './sum.ts';
import { nonFiniteError, nonFiniteLeaves, sumScalars, type OpenTask, type Timing } from './task.ts';

export interface StoreOptions {
  readonly reducers: number;
  readonly budget: number; // chunks under way to a reducer, for all workers together
  readonly window: number; // chunks under way to one worker
  readonly createKernels: (bytes: number) => Kernels;
}

type TaskRequest = Extract<Request, { kind: 'sum' | 'step' }>;
type SumFrame = Extract<DataFrame, { type: 'sum' }>;

export type Stores = ReturnType<typeof createStores>;

const needed: Record<TaskKind, readonly ArrayKind[]> = {
  gradient: ['basis', 'parameters'],
  statistics: ['basis', 'parameters'],
  evaluate: ['basis', 'parameters', 'statistics'],
  render: ['basis', 'parameters', 'statistics'],
  covariance: [],
  basis: ['covariance'],
};

export function createStores(options: StoreOptions) {
  const senders = new Map<ArrayKind, ArraySender>();
  const versions = new Map<ArrayKind, number>();
  const attached = new Map<PeerId, Set<ArrayKind>>();
  let reducers: Reducer[] = [];
  let reports: (Report | null)[] = [];
  let sum: OwnSum | null = null;
  let open: 'step' | 'sum' | null = null;

  function createReducers(layout: Layout): void {
    reducers = reducerRanges(layout.parameterCount, options.reducers).map((chunks) => {
      const kernels = options.createKernels(reducerBytes(layout, chunks, options.budget));
      return createReducer({ layout, chunks, kernels, budget: options.budget, window: options.window });
    });
  }

  const reducerOf = (chunk: number): number => {
    const index = reducers.findIndex(({ chunks }) => chunk >= chunks.first && chunk < chunks.end);
    return Math.max(0, index); // a chunk that no reducer owns was not asked for: any of them says so
  };

  function commit(request: StepRequest, clip: number): Effect[] {
    const { updates, learningRate, beta1, beta2, epsilon } = request.optimiser;
    const scalars = adamScalars({ learningRate, beta1, beta2, epsilon }, updates, Math.fround(clip));
    const version = (versions.get('parameters') ?? 0) + 1;
    versions.set('parameters', version);
    return reducers.flatMap((reducer) => reducer.commit(version, scalars));
  }

  function finishStep(
    request: StepRequest,
    task: OpenTask,
    timing: Timing,
  ): { answer: Answer; effects: Effect[] } {
    const beganMs = timing.nowMs();
    const scalars = sumScalars(task);
    const add = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const squares = add(reports.flatMap((report) => report!.squares)); // chunk after chunk, whoever owns them
    const meanSquares = add(reports.flatMap((report) => report!.meanSquares));
    const finite = reports.every((report) => report!.finite) && nonFiniteLeaves(task).length === 0;
    if (!finite && request.onNonfinite === 'stop')
      return { answer: { kind: 'failed', error: nonFiniteError(request.step, task) }, effects: [] };
    const effects = finite ? commit(request, clipScale(squares, request.clipNorm)) : [];
    const phases = {
      compute: (timing.scalarsMs - timing.dealtMs) / 1000,
      exchange: (beganMs - timing.scalarsMs) / 1000,
      commit: (timing.nowMs() - beganMs) / 1000,
    };
    const { workerCount } = timing;
    const result = {
      committed: finite,
      terms: scalars.terms,
      leafSquares: scalars.squares,
      meanSquares,
      gradientNorm: Math.sqrt(squares),
      workerCount,
      phases,
    };
    return { answer: { kind: 'step', result }, effects };
  }

  return {
    kindOf: (request: TaskRequest): TaskKind => (request.kind === 'step' ? 'gradient' : request.spec.kind),

    /** What a worker needs for the request's tasks; begins to send what it has not got. */
    supply(request: TaskRequest, peer: PeerId) {
      const spec: TaskSpec =
        request.kind === 'step'
          ? { kind: 'gradient', step: request.step, settings: request.settings }
          : request.spec;
      const has = attached.get(peer) ?? new Set();
      attached.set(peer, has);
      const effects: Effect[] = [];
      const needs: Partial<Record<ArrayKind, number>> = {};
      for (const array of needed[spec.kind]) {
        const version = versions.get(array);
        if (version === undefined) continue; // a run on pixels has no basis
        needs[array] = version;
        if (has.has(array)) continue;
        has.add(array);
        if (array === 'parameters') effects.push(...reducers.flatMap((reducer) => reducer.attach(peer)));
        else effects.push(...senders.get(array)!.attach(peer));
      }
      const resultLength =
        request.kind === 'step'
          ? reducers.reduce((n, { state }) => n + state.parameters.length, 0)
          : request.resultLength;
      return { needs, spec, resultLength, effects };
    },

    begin(request: TaskRequest, task: number, attempt: number, assignments: readonly Assignment[]): Effect[] {
      open = request.kind;
      if (request.kind === 'sum') {
        sum = createOwnSum(request, task, attempt, options);
        return sum?.machine.begin(assignments) ?? [];
      }
      reports = reducers.map(() => null);
      return reducers.flatMap((reducer) =>
        reducer.begin(task, attempt, request.leafCount, request.batchSize, assignments),
      );
    },

    reassign(node: TreeNode, peer: PeerId): Effect[] {
      if (open === 'sum') return sum?.machine.reassign(node, peer) ?? [];
      return reducers.flatMap((reducer) => reducer.reassign(node, peer));
    },

    owes(node: TreeNode): boolean {
      if (open === 'sum') return sum?.machine.owes(node) ?? false;
      return reducers.some((reducer) => reducer.owes(node));
    },

    /** What a frame of the open task must hold. @throws ProtocolError (`unasked`, `duplicate`) */
    expect(frame: Omit<SumFrame, 'values'>): ExpectedValues {
      if (open === 'step') return reducers[reducerOf(frame.chunk)]!.expect(frame);
      if (sum !== null) return sum.machine.expect(frame);
      throw new ProtocolError('unasked', `sent values of node ${nodeKey(frame)}; its task has none`);
    },

    /** Takes a frame that was expected. */
    take(frame: SumFrame): Effect[] {
      if (open === 'sum') return sum!.machine.take(frame);
      const index = reducerOf(frame.chunk);
      const { effects, report } = reducers[index]!.take(frame);
      if (report !== null) reports[index] = report;
      return effects;
    },

    get complete(): boolean {
      if (open === 'sum') return sum?.machine.complete ?? true;
      return reports.every((report) => report !== null);
    },

    finish(request: TaskRequest, task: OpenTask, timing: Timing): { answer: Answer; effects: Effect[] } {
      open = null;
      if (request.kind === 'step') return finishStep(request, task, timing);
      const { terms, sampleCount } = sumScalars(task);
      const values = sum?.result ?? new Float32Array(0);
      sum = null;
      return { answer: { kind: 'sum', result: { values, terms, sampleCount } }, effects: [] };
    },

    /** Forgets the open task: its frames are stale from now on. */
    abandon(): void {
      [open, sum] = [null, null];
    },

    perform(
      request: Extract<Request, { kind: 'publish' | 'load' | 'read' }>,
      model: ModelDescription | null,
    ) {
      if (request.kind === 'publish')
        return { answer: { kind: 'done' } as const, effects: publish(request.array, request.values) };
      if (request.kind === 'load') {
        if (reducers.length === 0) createReducers(createLayout(model!.parameters));
        for (const reducer of reducers)
          request.fill({ offset: reducer.chunks.first * chunkLength, ...reducer.state });
        versions.set('parameters', request.version);
        return {
          answer: { kind: 'done' } as const,
          effects: reducers.flatMap((reducer) => reducer.publish(request.version)),
        };
      }
      const parts = reducers.map((reducer) => ({
        offset: reducer.chunks.first * chunkLength,
        ...reducer.state,
      }));
      return { answer: { kind: 'read', parts } as const, effects: [] };
    },

    received(peer: PeerId, array: ArrayKind, chunk: number): Effect[] {
      if (array !== 'parameters') return senders.get(array)?.received(peer) ?? [];
      return reducers[reducerOf(chunk)]?.received(peer) ?? [];
    },

    detach(peer: PeerId): void {
      attached.delete(peer);
      for (const sender of senders.values()) sender.detach(peer);
      for (const reducer of reducers) reducer.detach(peer);
    },
  };

  function publish(array: ArrayKind, values: Float32Array | Float64Array): Effect[] {
    const valuesPerChunk = (chunkLength * 4) / values.BYTES_PER_ELEMENT;
    let sender = senders.get(array);
    if (sender === undefined) {
      sender = createArraySender({ array, valuesPerChunk, window: options.window });
      senders.set(array, sender);
    }
    const version = (versions.get(array) ?? 0) + 1;
    versions.set(array, version);
    return sender.publish(version, values.length, (chunk) =>
      values.subarray(chunk * valuesPerChunk, Math.min(values.length, (chunk + 1) * valuesPerChunk)),
    );
  }
}

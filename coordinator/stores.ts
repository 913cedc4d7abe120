/**
 * Where values live as the coordinator sees it: the reducers, here or elsewhere, which own [P], one sum for
 * everything else, and the arrays that workers need for a task (parameters, basis, statistics, covariance).
 *
 * An array goes to a worker when that worker is first dealt a task that needs it, and in every later version.
 */
import { ProtocolError } from '../shared/errors.ts';
import { adamScalars, clipScale } from '../shared/math/adam.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkLength } from '../shared/math/layout.ts';
import { nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type {
  ArrayKind,
  DataFrame,
  ModelDescription,
  TaskKind,
  TaskSpec,
} from '../shared/protocol/messages.ts';
import type { ReducerMessage } from '../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { createArraySender, type ArraySender } from './array-sender.ts';
import type { Effect } from './effects.ts';
import type { Answer, PlainRequest, Request, StepRequest } from './requests.ts';
import { createOwnSum, type OwnSum } from './own-sum.ts';
import { createReducers } from './reducers/reducers.ts';
import type { ArrayFrame } from './reducers/state-parts.ts';
import type { Assignment } from './sum.ts';
import { nonFiniteError, nonFiniteLeaves, sumScalars, type OpenTask, type Timing } from './task.ts';

export interface StoreOptions {
  readonly budget: number; // chunks of a sum under way, for all workers together
  readonly window: number; // chunks of an array under way to one worker
  readonly createKernels: (bytes: number) => Kernels;
}

type TaskRequest = Extract<Request, { kind: 'sum' | 'step' }>;
type ArrayHeader = Extract<FrameHeader, { type: 'array' }>;
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
  const reducers = createReducers(options);
  let sum: OwnSum | null = null;
  let open: 'step' | 'sum' | null = null;

  function commit(request: StepRequest, clip: number): Effect[] {
    const { updates, learningRate, beta1, beta2, epsilon } = request.optimiser;
    const scalars = adamScalars({ learningRate, beta1, beta2, epsilon }, updates, Math.fround(clip));
    const version = (versions.get('parameters') ?? 0) + 1;
    versions.set('parameters', version);
    return reducers.commit(version, scalars);
  }

  function finishStep(
    request: StepRequest,
    task: OpenTask,
    timing: Timing,
  ): { answer: Answer; effects: Effect[] } {
    const beganMs = timing.nowMs();
    const scalars = sumScalars(task);
    const { meanSquares, squares, finite: areFinite } = reducers.report();
    const finite = areFinite && nonFiniteLeaves(task).length === 0;
    if (!finite && request.onNonfinite === 'stop')
      return { answer: { kind: 'failed', error: nonFiniteError(request.step, task) }, effects: [] };
    const effects = finite ? commit(request, clipScale(squares, request.clipNorm)) : [];
    const untilComputedMs = timing.scalarsMs - timing.dealtMs;
    const computeMs = Math.min(timing.computeMs, untilComputedMs); // two boxes have two clocks
    const phases = {
      parameters: (untilComputedMs - computeMs) / 1000,
      compute: computeMs / 1000,
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
          ? { kind: 'gradient', step: request.step, settings: request.settings, wire: request.wire }
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
        if (array === 'parameters') effects.push(...reducers.attach(peer));
        else effects.push(...senders.get(array)!.attach(peer));
      }
      const resultLength = request.kind === 'step' ? reducers.parameterCount : request.resultLength;
      return { needs, spec, resultLength, effects };
    },

    begin(request: TaskRequest, task: number, attempt: number, assignments: readonly Assignment[]): Effect[] {
      open = request.kind;
      if (request.kind === 'sum') {
        sum = createOwnSum(request, task, attempt, options);
        return sum?.machine.begin(assignments) ?? [];
      }
      const { leafCount, batchSize, wire } = request;
      return reducers.begin({ task, attempt, leafCount, batchSize, wire }, assignments);
    },

    reassign(node: TreeNode, peer: PeerId): Effect[] {
      if (open === 'sum') return sum?.machine.reassign(node, peer) ?? [];
      return reducers.reassign(node, peer);
    },

    owes(node: TreeNode): boolean {
      if (open === 'sum') return sum?.machine.owes(node) ?? false;
      return reducers.owes(node);
    },

    /** What a frame of the open task must hold. @throws ProtocolError (`unasked`, `duplicate`) */
    expect(frame: Omit<SumFrame, 'values'>): ExpectedValues {
      if (open === 'step') return reducers.expect(frame);
      if (sum !== null) return sum.machine.expect(frame);
      throw new ProtocolError('unasked', `sent values of node ${nodeKey(frame)}; its task has none`);
    },

    /** Takes a frame that was expected. */
    take: (frame: SumFrame): Effect[] => (open === 'sum' ? sum!.machine.take(frame) : reducers.take(frame)),

    /** What a reducer elsewhere said, and the frames of its state. @throws ProtocolError (`unasked`, `duplicate`) */
    hear: (peer: PeerId, message: ReducerMessage): Effect[] => reducers.hear(peer, message),
    expectState: (header: ArrayHeader | ArrayFrame): ExpectedValues => reducers.expectState(header),
    takeState: (peer: PeerId, frame: ArrayFrame): Effect[] => reducers.takeState(peer, frame),

    /** Whether all values of the open task are here. */
    get complete(): boolean {
      if (open === 'sum') return sum?.machine.complete ?? true;
      return reducers.complete;
    },

    /** Whether the complete task is finite: values may come from another answer than the one that was told of them. */
    isFinite: (request: TaskRequest, task: OpenTask): boolean =>
      nonFiniteLeaves(task).length === 0 && (request.kind === 'sum' || reducers.report().finite),

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

    /** Begins what is no task; done as soon as `settled` says so. @param outside reducers that are elsewhere */
    perform(request: PlainRequest, model: ModelDescription | null, outside: readonly PeerId[]): Effect[] {
      switch (request.kind) {
        case 'publish':
          return publish(request.array, request.values);
        case 'load': {
          const opened = reducers.open(model!, outside);
          versions.set('parameters', request.version);
          const loaded = reducers.load(request.fill);
          return [...opened, ...loaded, ...reducers.publish(request.version)]; // nobody is attached before a task
        }
        case 'read':
          return reducers.read(request.take);
        default:
          return request satisfies never;
      }
    },

    get settled(): boolean {
      return reducers.settled;
    },

    received(peer: PeerId, array: ArrayKind): Effect[] {
      if (array === 'parameters') return reducers.received(peer);
      return senders.get(array)?.received(peer) ?? [];
    },

    detach(peer: PeerId): Effect[] {
      for (const sender of senders.values()) sender.detach(peer);
      return attached.delete(peer) ? reducers.detach(peer) : [];
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

/**
 * Owns a contiguous range of chunks of [P]: sums their gradients, updates them with Adam, sends them out.
 *
 * A step has two halves, so that nothing is visible before it is whole. When its sum is complete, a reducer
 * makes the mean gradient (scale, L2) and reports each chunk's sum of squares and whether all is finite; the
 * coordinator, which hears all reducers, answers `commit` with the clip factor, or nothing, and then the
 * parameters stay as they were. The number of reducers changes no bit.
 */
import assert from 'node:assert/strict';
import type { AdamScalars, Kernels, SumCheck } from '../shared/math/kernels.ts';
import { chunkAt, chunkCount, chunkLength, type Chunk, type Layout } from '../shared/math/layout.ts';
import type { Wire } from '../shared/math/node-values.ts';
import type { TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues } from '../shared/protocol/frame.ts';
import type { DataFrame } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { createArraySender } from './array-sender.ts';
import type { Effect } from './effects.ts';
import { createSum, type Assignment, type Sum } from './sum.ts';

export interface ReducerOptions {
  readonly layout: Layout;
  readonly chunks: { readonly first: number; readonly end: number };
  readonly kernels: Kernels; // with room for `reducerBytes`
  readonly budget: number; // chunks of gradient under way or waiting for their sibling
  readonly window: number; // chunks of parameters under way to one worker
}

/** The sum of one step's gradients. */
export interface StepSum {
  readonly task: number;
  readonly attempt: number;
  readonly leafCount: number;
  readonly batchSize: number;
  readonly wire: Wire;
}

/** What the two halves of a step meet at. */
export interface Report {
  readonly meanSquares: readonly number[]; // of each chunk's mean gradient, float64, ascending
  readonly squares: readonly number[]; // the same with the gradient of L2
  readonly finite: boolean;
}

/** The state of the optimiser over this reducer's range, as views: first chunk to last. */
export interface OptimiserState {
  readonly parameters: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

interface ChunkReport extends SumCheck {
  readonly meanSquares: number;
}

type SumFrame = Extract<DataFrame, { type: 'sum' }>;

export interface Reducer {
  readonly chunks: { readonly first: number; readonly end: number };
  /** Where the state lies, to be filled or read; views over live memory. */
  readonly state: OptimiserState;
  /** Sends the parameters as they are, under this version, to all workers. */
  publish(version: number): Effect[];
  begin(sum: StepSum, assignments: readonly Assignment[]): Effect[];
  reassign(node: TreeNode, worker: PeerId): Effect[];
  owes(node: TreeNode): boolean;
  /** What a frame must hold. @throws ProtocolError (`unasked`, `duplicate`) */
  expect(frame: Omit<SumFrame, 'values'>): ExpectedValues;
  /** @returns a report when this frame made the sum complete. @throws ProtocolError as `expect` */
  take(frame: SumFrame): { effects: Effect[]; report: Report | null };
  /** The step counts. Each chunk is updated by Adam when it is about to be sent, or needed in another way. */
  commit(version: number, scalars: AdamScalars): Effect[];
  attach(worker: PeerId): Effect[];
  detach(worker: PeerId): void;
  received(worker: PeerId): Effect[];
}

const valueBytes = 4;
const alignment = 64;

/** Bytes of kernel memory that a reducer of this range and budget needs. */
export function reducerBytes(layout: Layout, chunks: { first: number; end: number }, budget: number): number {
  const slot = Math.min(chunkLength, layout.parameterCount) * valueBytes + alignment;
  return 4 * (rangeLength(layout, chunks) * valueBytes + alignment) + budget * slot;
}

/** Cuts the chunks of [P] into at most `count` contiguous ranges, as even as they go. */
export function reducerRanges(parameterCount: number, count: number): { first: number; end: number }[] {
  const total = chunkCount(parameterCount);
  const ranges = Math.min(count, total);
  return Array.from({ length: ranges }, (_, i) => ({
    first: Math.floor((i * total) / ranges),
    end: Math.floor(((i + 1) * total) / ranges),
  }));
}

export function createReducer({ layout, chunks, kernels, budget, window }: ReducerOptions): Reducer {
  const length = rangeLength(layout, chunks);
  const bytes = length * valueBytes;
  const [parameters, firstMoment, secondMoment, gradient] = [0, 0, 0, 0].map(() =>
    kernels.allocate(bytes),
  ) as [number, number, number, number];
  const slotBytes = Math.min(chunkLength, layout.parameterCount) * valueBytes;
  const slots = Array.from({ length: budget }, () => kernels.allocate(slotBytes));
  const sender = createArraySender({ array: 'parameters', valuesPerChunk: chunkLength, window, chunks });
  const all: Chunk[] = [];
  for (let index = chunks.first; index < chunks.end; index += 1)
    all.push(chunkAt(layout.parameterCount, index));
  const at = (base: number, { index }: Chunk): number =>
    base + (index - chunks.first) * chunkLength * valueBytes;
  let sum: Sum | null = null;
  let batchSize = 0;
  let reports: ChunkReport[] = []; // of the open sum
  const owed = new Map<Chunk, AdamScalars>(); // chunks that the last commit has still to update

  /** Adam on one chunk of a step that was committed, once: while the chunks before it are on their way. */
  function update(chunk: Chunk): void {
    const scalars = owed.get(chunk);
    if (scalars === undefined) return;
    owed.delete(chunk);
    const p = at(parameters, chunk);
    const [m, v] = [at(firstMoment, chunk), at(secondMoment, chunk)];
    kernels.adam(p, p, m, v, at(gradient, chunk), chunk.length, scalars);
  }

  const settle = (): void => all.forEach(update);

  const viewOf = (index: number): Float32Array => {
    const chunk = all[index - chunks.first]!;
    update(chunk);
    return kernels.float32(at(parameters, chunk), chunk.length);
  };

  /**
   * Makes the mean gradient of a chunk's sum: scaled by 1 / B, plus what depends on parameters alone. Done while
   * other chunks still arrive.
   */
  function finish(chunk: Chunk): ChunkReport {
    const mean = kernels.scale(at(gradient, chunk), chunk.length, Math.fround(1 / batchSize));
    const penalised = layout.trained.filter(({ l2, offset, length: size }) => {
      return (l2 ?? 0) > 0 && offset < chunk.offset + chunk.length && offset + size > chunk.offset;
    });
    for (const entry of penalised) {
      const from = Math.max(entry.offset, chunk.offset);
      const to = Math.min(entry.offset + entry.length, chunk.offset + chunk.length);
      const shift = (from - chunk.offset) * valueBytes;
      const coefficient = Math.fround(2 * (entry.l2 ?? 0));
      kernels.addScaled(at(gradient, chunk) + shift, at(parameters, chunk) + shift, to - from, coefficient);
    }
    const whole = penalised.length === 0 ? mean : kernels.squares(at(gradient, chunk), chunk.length);
    return { meanSquares: mean.squares, ...whole };
  }

  const report = (): Report => ({
    meanSquares: reports.map(({ meanSquares }) => meanSquares),
    squares: reports.map(({ squares }) => squares),
    finite: reports.every(({ finite }) => finite),
  });

  return {
    chunks,
    get state() {
      settle();
      return {
        parameters: kernels.float32(parameters, length),
        firstMoment: kernels.float32(firstMoment, length),
        secondMoment: kernels.float32(secondMoment, length),
      };
    },
    publish: (version) => sender.publish(version, layout.parameterCount, viewOf),
    begin({ task, attempt, leafCount, batchSize: batch, wire }, assignments) {
      settle(); // before gradients are overwritten
      batchSize = batch;
      reports = [];
      sum = createSum({
        task,
        attempt,
        leafCount,
        length: layout.parameterCount,
        valuesPerChunk: chunkLength,
        precision: wire,
        chunks,
        kernels,
        destination: gradient,
        slots,
        onChunk: (index) => (reports[index - chunks.first] = finish(all[index - chunks.first]!)),
      });
      return sum.begin(assignments);
    },
    reassign(node, worker) {
      return sum === null ? [] : sum.reassign(node, worker);
    },
    owes: (node) => sum?.owes(node) ?? false,
    expect(frame) {
      assert(sum !== null, 'a frame belongs to an open sum');
      return sum.expect(frame);
    },
    take(frame) {
      assert(sum !== null, 'a frame belongs to an open sum');
      const effects = sum.take(frame);
      return { effects, report: sum.complete ? report() : null };
    },
    commit(version, scalars) {
      settle();
      for (const chunk of all) owed.set(chunk, scalars);
      return sender.publish(version, layout.parameterCount, viewOf);
    },
    attach: (worker) => sender.attach(worker),
    detach: (worker) => sender.detach(worker),
    received: (worker) => sender.received(worker),
  };
}

function rangeLength(layout: Layout, { first, end }: { first: number; end: number }): number {
  return Math.min(end * chunkLength, layout.parameterCount) - first * chunkLength;
}

/**
 * All reducers of a run as one: each owns a contiguous range of the chunks of [P], and nothing but ranges tells
 * them apart. There is one inside the coordinator, or there are some in processes of their own, never both.
 *
 * A step is complete when every one of them has reported; sums of squares are then added chunk after chunk,
 * whoever owns them, so that their number changes no bit.
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../../shared/errors.ts';
import type { AdamScalars, Kernels } from '../../shared/math/kernels.ts';
import { chunkCount, createLayout } from '../../shared/math/layout.ts';
import { nodeKey, type TreeNode } from '../../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../../shared/protocol/frame.ts';
import type { DataFrame, ModelDescription } from '../../shared/protocol/messages.ts';
import type { ReducerMessage } from '../../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';
import { reducerBytes, reducerRanges, type Report, type StepSum } from '../reducer.ts';
import type { StatePart, TakeState } from '../requests.ts';
import type { Assignment } from '../sum.ts';
import type { News, ReducerHandle } from './handle.ts';
import { createInnerReducer, type InnerReducer } from './inner.ts';
import { createOuterReducer, type OuterReducer } from './outer.ts';
import type { ArrayFrame } from './state-parts.ts';

export interface ReducersOptions {
  readonly budget: number; // chunks of gradients under way, for all workers and reducers together
  readonly window: number; // chunks of parameters under way to one worker, from all reducers together
  readonly createKernels: (bytes: number) => Kernels;
}

/** What the reports of a step come to. */
export interface StepReport {
  readonly meanSquares: number; // |mean gradient|^2
  readonly squares: number; // the same with the gradient of L2
  readonly finite: boolean;
}

export type Reducers = ReturnType<typeof createReducers>;

type SumFrame = Extract<DataFrame, { type: 'sum' }>;
type ArrayHeader = Extract<FrameHeader, { type: 'array' }>;

const leastBudget = 16; // of one reducer outside: a sum needs the depth of its tree (sum.ts)
const leastWindow = 2;

export function createReducers(options: ReducersOptions) {
  let all: readonly ReducerHandle[] = [];
  let inner: InnerReducer | null = null;
  let outer: readonly OuterReducer[] = [];
  let parameterCount = 0;
  let reports: (Report | null)[] = [];
  let delivered = new Map<string, number>(); // reducers that have all of a node's values
  let awaited = 0; // that have not done what `load` or `read` asked

  function hear(index: number, news: News): void {
    switch (news.type) {
      case 'delivered': {
        const key = nodeKey(news.node);
        delivered.set(key, (delivered.get(key) ?? 0) + 1);
        return;
      }
      case 'report':
        reports[index] = news.report;
        return;
      case 'done':
        awaited -= 1;
        return;
      default:
        news satisfies never;
    }
  }

  const toAll = (tell: (reducer: ReducerHandle) => Effect[]): Effect[] => all.flatMap(tell);

  function passState(tell: (reducer: ReducerHandle) => Effect[]): Effect[] {
    awaited = all.length;
    return toAll(tell);
  }

  function ownerOf({ chunk, array }: ArrayHeader | ArrayFrame): OuterReducer {
    const owner = outer.find(({ chunks }) => chunk >= chunks.first && chunk < chunks.end);
    if (owner !== undefined) return owner;
    throw new ProtocolError('unasked', `sent chunk ${chunk} of ${array}, which was not asked for`);
  }

  function openInner(model: ModelDescription): Effect[] {
    const { budget, window } = options;
    const layout = createLayout(model.parameters);
    const chunks = { first: 0, end: chunkCount(parameterCount) };
    const kernels = options.createKernels(reducerBytes(layout, chunks, budget));
    inner = createInnerReducer({ layout, chunks, kernels, budget, window }, (news) => hear(0, news));
    all = [inner];
    return [];
  }

  /** One range for each; where there are more reducers than chunks, the last ones have none. */
  function openOuter({ parameters }: ModelDescription, peers: readonly PeerId[]): Effect[] {
    const layout = createLayout(parameters);
    const budget = Math.max(leastBudget, Math.ceil(options.budget / peers.length));
    const window = Math.max(leastWindow, Math.ceil(options.window / peers.length));
    outer = reducerRanges(parameterCount, peers.length).map((chunks, index) => {
      const given = { peer: peers[index]!, parameters, layout, chunks, budget, window };
      return createOuterReducer(given, (news) => hear(index, news));
    });
    all = outer;
    return outer.flatMap((reducer) => reducer.open());
  }

  return {
    get parameterCount() {
      return parameterCount;
    },
    /** Settles where the parameters live. @param peers reducers outside; none: the coordinator reduces by itself */
    open(model: ModelDescription, peers: readonly PeerId[]): Effect[] {
      if (all.length > 0) return [];
      parameterCount = createLayout(model.parameters).parameterCount;
      return peers.length === 0 ? openInner(model) : openOuter(model, peers);
    },
    load: (fill: (part: StatePart) => void): Effect[] => passState((reducer) => reducer.load(fill)),
    read: (take: TakeState): Effect[] => passState((reducer) => reducer.read(take)),
    /** Whether what `load` or `read` asked for is done. */
    get settled() {
      return awaited === 0;
    },
    publish: (version: number): Effect[] => toAll((reducer) => reducer.publish(version)),
    attach: (worker: PeerId): Effect[] => toAll((reducer) => reducer.attach(worker)),
    detach: (worker: PeerId): Effect[] => toAll((reducer) => reducer.detach(worker)),

    begin(sum: StepSum, assignments: readonly Assignment[]): Effect[] {
      reports = all.map(() => null);
      delivered = new Map();
      return toAll((reducer) => reducer.begin(sum, assignments));
    },
    reassign: (node: TreeNode, worker: PeerId): Effect[] =>
      toAll((reducer) => reducer.reassign(node, worker)),
    /** Whether a reducer waits for values of this node. */
    owes: (node: TreeNode): boolean => (delivered.get(nodeKey(node)) ?? 0) < all.length,
    get complete() {
      return reports.every((report) => report !== null);
    },
    /** What the complete step comes to. */
    report(): StepReport {
      assert(reports.length > 0 && this.complete, 'a step is judged when it is complete');
      const whole = reports as Report[];
      const add = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      return {
        meanSquares: add(whole.flatMap((report) => report.meanSquares)),
        squares: add(whole.flatMap((report) => report.squares)),
        finite: whole.every((report) => report.finite),
      };
    },
    commit: (version: number, scalars: AdamScalars): Effect[] =>
      toAll((reducer) => reducer.commit(version, scalars)),

    /** What a worker's frame must hold. @throws ProtocolError (`unasked`, `duplicate`) */
    expect(frame: Omit<SumFrame, 'values'>): ExpectedValues {
      if (inner !== null) return inner.expect(frame);
      throw new ProtocolError('unasked', 'sent values to the coordinator, whose reducers are elsewhere');
    },
    take: (frame: SumFrame): Effect[] => inner!.take(frame),
    received: (worker: PeerId): Effect[] => inner?.received(worker) ?? [],

    /** What a reducer outside said. @throws ProtocolError (`unasked`) */
    hear(peer: PeerId, message: ReducerMessage): Effect[] {
      const reducer = outer.find((candidate) => candidate.peer === peer);
      if (reducer !== undefined) return reducer.hear(message);
      throw new ProtocolError('unasked', `said ${message.type}, and owns no parameters`);
    },
    /** What a frame of a reducer's state must hold. @throws ProtocolError (`unasked`, `duplicate`) */
    expectState: (header: ArrayHeader | ArrayFrame): ExpectedValues => ownerOf(header).expect(header),
    /** @throws ProtocolError as `expectState`, and (`unasked`) from anybody but the owner of the chunk */
    takeState(peer: PeerId, frame: ArrayFrame): Effect[] {
      const owner = ownerOf(frame);
      if (owner.peer === peer) return owner.take(frame);
      throw new ProtocolError(
        'unasked',
        `sent chunk ${frame.chunk} of ${frame.array}, which it does not own`,
      );
    },
  };
}

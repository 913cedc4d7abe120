/**
 * What the coordinator holds of a reducer in another process: it says there what it is told, and hears of what
 * comes of it.
 *
 * Parameters and moments pass through here only when a run begins and when a checkpoint is made, a few chunks at a
 * time: nothing of them is kept. Messages to one peer arrive in order, so that whatever is said after a commit
 * finds it made.
 */
import { ProtocolError } from '../../shared/errors.ts';
import { chunkAt, chunkLength, type Layout } from '../../shared/math/layout.ts';
import type { TreeNode } from '../../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../../shared/protocol/frame.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';
import type { ReducerCommand, ReducerMessage } from '../../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';
import type { StatePart, TakeState } from '../requests.ts';
import type { Assignment } from '../sum.ts';
import type { News, ReducerHandle } from './handle.ts';
import {
  createArrivals,
  emptyPart,
  framesOfState,
  isStateArray,
  stateWindow,
  type ArrayFrame,
} from './state-parts.ts';

export interface OuterOptions {
  readonly peer: PeerId;
  readonly parameters: ModelDescription['parameters'];
  readonly layout: Layout; // of these parameters
  readonly chunks: { readonly first: number; readonly end: number };
  readonly budget: number;
  readonly window: number;
}

type FillState = (part: StatePart) => void;
type ArrayHeader = Extract<FrameHeader, { type: 'array' }>;

export interface OuterReducer extends ReducerHandle {
  readonly peer: PeerId;
  open(): Effect[];
  /** What it said. @throws ProtocolError (`unasked`) */
  hear(message: ReducerMessage): Effect[];
  /** What a frame of its state must hold. @throws ProtocolError (`unasked`, `stale`, `duplicate`) */
  expect(header: ArrayHeader | ArrayFrame): ExpectedValues;
  take(frame: ArrayFrame): Effect[];
}

/** Chunks on their way, one after another, so many at a time. */
interface Passage<Hand> {
  readonly hand: Hand;
  next: number; // chunk
  remaining: number; // chunks that have not arrived
}

export function createOuterReducer(options: OuterOptions, tell: (news: News) => void): OuterReducer {
  const { peer, layout, chunks } = options;
  let arrivals = createArrivals();
  let readCount = 0; // which reading of the state the last one is
  let loading: Passage<FillState> | null = null;
  let reading: Passage<TakeState> | null = null;
  let sum: { readonly task: number; readonly attempt: number } | null = null;

  const say = (message: ReducerCommand): Effect => ({ type: 'send', peer, message });
  const begin = <Hand>(hand: Hand): Passage<Hand> => ({
    hand,
    next: chunks.first,
    remaining: chunks.end - chunks.first,
  });

  function sendPart(passage: Passage<FillState>): Effect[] {
    if (passage.next === chunks.end) return [];
    const chunk = chunkAt(layout.parameterCount, passage.next++);
    const part = emptyPart(chunk);
    passage.hand(part);
    const frames = framesOfState(part, chunk.index, layout.parameterCount, 0);
    return frames.map((frame) => ({ type: 'sendFrame', peer, frame }));
  }

  function askFor(passage: Passage<unknown>, count: number): Effect[] {
    const asked: number[] = [];
    while (asked.length < count && passage.next < chunks.end) asked.push(passage.next++);
    return asked.length === 0 ? [] : [say({ type: 'read', version: readCount, chunks: asked })];
  }

  function onStored(): Effect[] {
    if (loading === null) throw new ProtocolError('unasked', 'stored what it was not sent');
    loading.remaining -= 1;
    const effects = sendPart(loading);
    if (loading.remaining === 0) {
      loading = null;
      tell({ type: 'done' });
    }
    return effects;
  }

  function onSum(message: Extract<ReducerMessage, { type: 'delivered' | 'report' }>): void {
    if (message.task !== sum?.task || message.attempt !== sum.attempt) return; // of a sum that was given up
    if (message.type === 'delivered') {
      const { type, first, end } = message;
      return tell({ type, node: { first, end } });
    }
    const { type, meanSquares, squares, finite } = message;
    tell({ type, report: { meanSquares, squares, finite } });
  }

  return {
    peer,
    chunks,
    open() {
      const { parameters, budget, window } = options;
      return [say({ type: 'open', parameters, chunks, budget, window })];
    },
    load(fill) {
      const passage = (loading = begin(fill));
      return Array.from({ length: stateWindow }).flatMap(() => sendPart(passage));
    },
    read(take) {
      reading = begin(take);
      readCount += 1;
      arrivals = createArrivals();
      return askFor(reading, stateWindow);
    },
    publish: (version) => [say({ type: 'publish', version })],
    begin({ task, attempt, leafCount, batchSize, wire }, assignments) {
      sum = { task, attempt };
      const shares = sharesOf(assignments);
      return [say({ type: 'begin', task, attempt, leafCount, batchSize, wire, shares })];
    },
    reassign: ({ first, end }, worker) => [say({ type: 'reassign', worker, first, end })],
    commit: (version, scalars) => [say({ type: 'commit', version, scalars })],
    attach: (worker) => [say({ type: 'attach', worker })],
    detach: (worker) => [say({ type: 'detach', worker })],

    hear(message) {
      if (message.type === 'stored') return onStored();
      if (message.type === 'delivered' || message.type === 'report') onSum(message);
      else throw new ProtocolError('unasked', `said ${message.type} once more`);
      return [];
    },

    expect({ array, version, chunk }) {
      const name = `chunk ${chunk} of ${array}`;
      if (version !== readCount) throw new ProtocolError('stale', `sent ${name} of reading ${version}`);
      if (reading === null || !isStateArray(array) || chunk < chunks.first || chunk >= reading.next)
        throw new ProtocolError('unasked', `sent ${name}, which was not asked for`);
      if (arrivals.has(chunk, array)) throw new ProtocolError('duplicate', `sent ${name} once more`);
      return { dtype: 'float32', count: chunkAt(layout.parameterCount, chunk).length };
    },

    take(frame) {
      this.expect(frame);
      const { array, chunk, values } = frame;
      if (reading === null || !isStateArray(array)) return [];
      reading.hand(array, chunk * chunkLength, values as Float32Array);
      if (!arrivals.add(chunk, array)) return [];
      reading.remaining -= 1;
      if (reading.remaining > 0) return askFor(reading, 1);
      reading = null;
      tell({ type: 'done' });
      return [];
    },
  };
}

/** Who holds which nodes: workers' names are long, and nodes many. */
function sharesOf(assignments: readonly Assignment[]): { worker: PeerId; nodes: TreeNode[] }[] {
  const shares = new Map<PeerId, TreeNode[]>();
  for (const { node, worker } of assignments) {
    const { first, end } = node;
    shares.set(worker, [...(shares.get(worker) ?? []), { first, end }]);
  }
  return [...shares].map(([worker, nodes]) => ({ worker, nodes }));
}

/**
 * Adds up one task's values along the summation tree, chunk by chunk, while they stream in.
 *
 * Workers hold the values of the nodes that they computed; this side asks for them. Credit, one for each pair
 * of chunk and node, is granted in one order (chunk after chunk, and within a chunk from left to right) out of
 * one budget for all workers, so that memory does not grow with their number. A node's value is added to its
 * sibling's as soon as both are there. Because credit is granted in order, a prefix of the tree waits in at most
 * `depth` values, of which the leftmost lies in the result: a budget as large as the depth always makes progress.
 *
 *   idle --grant--> granted --frame--> arrived      (for each chunk of each node)
 *
 * Room is for float32 (float64) throughout; nodes that are bfloat16 lie in the lower half of theirs.
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../shared/errors.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkAt } from '../shared/math/layout.ts';
import { addNodes, precisionOf, viewNode, type Precision } from '../shared/math/node-values.ts';
import { familyOf, nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues } from '../shared/protocol/frame.ts';
import type { DataFrame } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';

export interface SumOptions {
  readonly task: number;
  readonly attempt: number;
  readonly leafCount: number;
  readonly length: number; // values of the whole array
  readonly valuesPerChunk: number;
  readonly precision: Precision; // of nodes below the root
  readonly chunks: { readonly first: number; readonly end: number }; // the part that is summed here
  readonly kernels: Kernels;
  readonly destination: number; // byte offset of chunk `chunks.first` of the result
  readonly slots: readonly number[]; // byte offsets of room for one chunk each: the budget
  readonly onChunk?: (chunk: number) => void; // told once of each, when its sum is complete
}

export interface Assignment {
  readonly node: TreeNode;
  readonly worker: PeerId;
}

type SumFrame = Extract<DataFrame, { type: 'sum' }>;

export interface Sum {
  /** Deals all nodes; together they cover the tree. Called once. */
  begin(assignments: readonly Assignment[]): Effect[];
  /** Another worker computes this node from now on; what has arrived of it stays. */
  reassign(node: TreeNode, worker: PeerId): Effect[];
  /** What a frame must hold. @throws ProtocolError when it was not asked for (`unasked`) or is here (`duplicate`) */
  expect(frame: Omit<SumFrame, 'values'>): ExpectedValues;
  /** Takes one chunk of one node. @throws ProtocolError as `expect` */
  take(frame: SumFrame): Effect[];
  readonly complete: boolean;
  /** Whether chunks of this node are still to come. */
  owes(node: TreeNode): boolean;
}

const [idle, granted, arrived] = [0, 1, 2];

interface Part {
  readonly node: TreeNode;
  worker: PeerId;
  readonly states: Uint8Array; // of each chunk
}

/** Slots without which a sum may wait for ever: the depth of its tree. */
export const leastSlots = (leafCount: number): number => Math.max(1, Math.ceil(Math.log2(leafCount)));

export function createSum(options: SumOptions): Sum {
  const { kernels, leafCount, chunks, length, valuesPerChunk, slots } = options;
  assert(
    slots.length >= leastSlots(leafCount),
    `room for ${slots.length} chunks; a sum of ${leafCount} leaves needs ${leastSlots(leafCount)}`,
  );
  const bytesPerValue = options.precision === 'float64' ? 8 : 4;
  const chunkTotal = chunks.end - chunks.first;
  const root: TreeNode = { first: 0, end: leafCount };
  const parts: Part[] = []; // from left to right
  const freeSlots = [...slots];
  const waiting: Map<string, number>[] = Array.from({ length: chunkTotal }, () => new Map()); // node -> offset
  let budget = slots.length;
  let cursor = 0; // the next pair (chunk, part) to be granted, in order
  let remaining = chunkTotal; // chunks not yet complete

  const destinationOf = (chunk: number): number =>
    options.destination + (chunk - chunks.first) * valuesPerChunk * bytesPerValue;

  function find(node: TreeNode): Part {
    const part = parts.find((candidate) => nodeKey(candidate.node) === nodeKey(node));
    assert(part !== undefined, `node ${nodeKey(node)} was never dealt`);
    return part;
  }

  function grant(): Effect[] {
    const credits = new Map<Part, number[]>();
    for (; budget > 0 && cursor < chunkTotal * parts.length; cursor += 1) {
      const part = parts[cursor % parts.length]!;
      const local = Math.floor(cursor / parts.length);
      part.states[local] = granted!;
      budget -= 1;
      credits.set(part, [...(credits.get(part) ?? []), chunks.first + local]);
    }
    return [...credits].map(([part, list]) => credit(part, list));
  }

  const credit = (part: Part, list: number[]): Effect => ({
    type: 'send',
    peer: part.worker,
    message: { type: 'credit', task: options.task, attempt: options.attempt, ...part.node, chunks: list },
  });

  /** Adds the node's value to its sibling's if that is there, and so on upwards. */
  function merge(chunk: number, start: TreeNode, startOffset: number): void {
    const values = waiting[chunk - chunks.first]!;
    const count = chunkAt(length, chunk, valuesPerChunk).length;
    let node = start;
    let offset = startOffset;
    while (node.first !== root.first || node.end !== root.end) {
      const { sibling, parent } = familyOf(node, leafCount);
      const other = values.get(nodeKey(sibling));
      if (other === undefined) {
        values.set(nodeKey(node), offset);
        return;
      }
      values.delete(nodeKey(sibling));
      const [left, right] = node.first < sibling.first ? [offset, other] : [other, offset];
      addNodes(kernels, options.precision, { left, right, count }, parent, leafCount);
      freeSlots.push(right);
      budget += 1;
      node = parent;
      offset = left;
    }
    assert.equal(offset, destinationOf(chunk), 'the leftmost node lies in the result');
    remaining -= 1;
    options.onChunk?.(chunk);
  }

  return {
    begin(assignments) {
      assert.equal(parts.length, 0, 'a sum begins once');
      const ordered = [...assignments].sort((a, b) => a.node.first - b.node.first);
      for (const { node, worker } of ordered) {
        parts.push({ node, worker, states: new Uint8Array(chunkTotal) });
      }
      return grant();
    },

    reassign(node, worker) {
      const part = find(node);
      part.worker = worker;
      const missing = [...part.states.keys()].filter((local) => part.states[local] === granted);
      return missing.length === 0
        ? []
        : [
            credit(
              part,
              missing.map((local) => chunks.first + local),
            ),
          ];
    },

    expect(frame) {
      const part = parts.find(({ node }) => node.first === frame.first && node.end === frame.end);
      const state = part?.states[frame.chunk - chunks.first] ?? idle;
      const name = `chunk ${frame.chunk} of node ${nodeKey(frame)} of task ${frame.task}`;
      if (state === idle) throw new ProtocolError('unasked', `sent ${name}, which was not asked for`);
      if (state === arrived) throw new ProtocolError('duplicate', `sent ${name} once more`);
      const dtype = precisionOf(options.precision, frame, leafCount);
      return { dtype, count: chunkAt(length, frame.chunk, valuesPerChunk).length };
    },

    take(frame) {
      this.expect(frame);
      const part = find(frame);
      part.states[frame.chunk - chunks.first] = arrived!;
      const leftmost = part.node.first === 0;
      const offset = leftmost ? destinationOf(frame.chunk) : freeSlots.pop();
      assert(offset !== undefined, 'every credit has a slot');
      const precision = precisionOf(options.precision, frame, leafCount);
      viewNode(kernels, precision, offset, frame.values.length).set(frame.values);
      if (leftmost) budget += 1;
      merge(frame.chunk, part.node, offset);
      return grant();
    },

    get complete() {
      return remaining === 0;
    },

    owes: (node) => find(node).states.some((state) => state !== arrived),
  };
}

/** What a worker says of a node that it has computed: the scalars, beside which its values are asked for in chunks. */
import type { TreeNode } from '../shared/math/tree.ts';
import type { WorkerMessage } from '../shared/protocol/messages.ts';
import type { TaskMessage } from './events.ts';
import type { NodeResult } from './node.ts';

const maxNamedLeaves = 1024; // of those that are not finite: what a message may hold

export function nodeMessage(
  { task, attempt }: TaskMessage,
  { first, end }: TreeNode,
  { sampleCount, terms, squares, nonFinite, computeMs, checksum }: NodeResult,
): WorkerMessage {
  return {
    type: 'node',
    task,
    attempt,
    first,
    end,
    sampleCount,
    terms: { ...terms },
    squares,
    nonFinite: nonFinite.slice(0, maxNamedLeaves),
    computeMs,
    ...(checksum === undefined ? {} : { checksum }),
  };
}

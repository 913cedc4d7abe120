/**
 * One open task: its tree's nodes, who computes each, and what has come back.
 *
 * A node is done when its scalars are here and none of its chunks is owed. The scalars (loss terms, sample
 * count, squares) are float64 and are added along the same tree as the values.
 */
import { runError } from '../shared/errors.ts';
import type { Terms } from '../shared/model/compute.ts';
import { deal, isolate } from '../shared/math/deal.ts';
import { childrenOf, nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { WorkerMessage } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';
import type { Assignment } from './sum.ts';

export type NodeMessage = Extract<WorkerMessage, { type: 'node' }>;

export interface Scalars {
  readonly terms: Terms;
  readonly sampleCount: number;
  readonly squares: number;
}

/** A node that was dealt. */
export interface Part {
  readonly node: TreeNode;
  worker: PeerId | null; // whose values are asked for
  result: NodeMessage | null; // the first answer
  readonly others: Set<PeerId>; // who compute it, too
  readonly answers: Map<PeerId, NodeMessage>;
  isCheck: boolean; // all who compute it must answer, and alike
}

export interface OpenTask {
  readonly id: number;
  readonly attempt: number;
  readonly leafCount: number;
  readonly parts: readonly Part[];
}

/** What is known of its course when it is done. */
export interface Timing {
  readonly workerCount: number;
  readonly dealtMs: number;
  readonly scalarsMs: number; // when the last node was computed
  readonly computeMs: number; // what its worker took for all its nodes
  readonly nowMs: () => number;
}

export function openTask(
  id: number,
  attempt: number,
  leafCount: number,
  deal: readonly Assignment[],
): OpenTask {
  const parts = deal.map(({ node, worker }): Part => ({
    node,
    worker,
    result: null,
    others: new Set(),
    answers: new Map(),
    isCheck: false,
  }));
  return { id, attempt, leafCount, parts };
}

/** Deals leaves over workers. @param dispute its node is dealt as it was */
export function assign(
  leafCount: number,
  workers: readonly PeerId[],
  shares: readonly number[] | undefined,
  attempt: number,
  dispute: { readonly node: TreeNode } | undefined,
): readonly Assignment[] {
  const dealt = deal(leafCount, workers.length, shares).flatMap((nodes, index) => {
    const worker = workers[(index + attempt) % workers.length]!; // a second attempt goes to other workers
    return nodes.map((node) => ({ node, worker }));
  });
  return dispute === undefined ? dealt : isolate(dealt, dispute.node, leafCount);
}

export const leavesIn = (parts: readonly Part[]): number =>
  parts.reduce((count, { node }) => count + node.end - node.first, 0);

export const partOf = (task: OpenTask, node: TreeNode): Part | undefined =>
  task.parts.find((part) => nodeKey(part.node) === nodeKey(node));

/** Workers whose answers a check still waits for. */
export const unconfirmed = ({ isCheck, worker, others, answers }: Part): PeerId[] =>
  isCheck ? [...(worker === null ? [] : [worker]), ...others].filter((peer) => !answers.has(peer)) : [];

export const hasAllScalars = (task: OpenTask): boolean =>
  task.parts.every((part) => part.result !== null && unconfirmed(part).length === 0);

/** Adds the scalars of all nodes along the tree. */
export function sumScalars(task: OpenTask): Scalars {
  const visit = (node: TreeNode): Scalars => {
    const result = partOf(task, node)?.result;
    if (result !== null && result !== undefined) return result;
    const [left, right] = childrenOf(node).map(visit) as [Scalars, Scalars];
    return addScalars(left, right);
  };
  return visit({ first: 0, end: task.leafCount });
}

export function addScalars(a: Scalars, b: Scalars): Scalars {
  const terms: Record<string, number> = {};
  for (const [name, value] of Object.entries(a.terms)) terms[name] = value + (b.terms[name] ?? NaN);
  return { terms, sampleCount: a.sampleCount + b.sampleCount, squares: a.squares + b.squares };
}

/** Leaves whose value was not finite, with the worker that computed each. */
export function nonFiniteLeaves(task: OpenTask): { worker: PeerId | null; leaves: readonly number[] }[] {
  return task.parts
    .filter(({ result }) => (result?.nonFinite.length ?? 0) > 0)
    .map(({ worker, result }) => ({ worker, leaves: result!.nonFinite }));
}

/** The same for people. @param rankOf a worker that may be gone */
export function nonFiniteNotices(task: OpenTask, rankOf: (worker: PeerId) => number): Effect[] {
  return nonFiniteLeaves(task).map(({ worker, leaves }) => {
    const rank = worker === null ? -1 : rankOf(worker);
    return { type: 'notice', notice: { kind: 'nonFinite', rank, leaves, again: task.attempt > 0 } };
  });
}

/** What the person reads when a step's gradient was not finite twice. */
export function nonFiniteError(step: number, task: OpenTask): Error {
  const leaves = nonFiniteLeaves(task).flatMap((found) => found.leaves);
  const where = leaves.length > 0 ? `of micro-batch ${leaves.join(', ')} ` : '';
  return runError(
    `step ${step}: the gradient ${where}is not finite, twice in a row; the last checkpoint is kept: ` +
      'raise --variance-floor, lower --learning-rate, or --on-nonfinite skip',
  );
}

/** The last node of a task was computed now, by this worker, which took so long for all its nodes. */
export const lastNode = (
  { parts }: OpenTask,
  peer: PeerId,
  scalarsMs: number,
): Pick<Timing, 'scalarsMs' | 'computeMs'> => ({
  scalarsMs,
  computeMs: parts.reduce((sum, { answers }) => sum + (answers.get(peer)?.computeMs ?? 0), 0),
});

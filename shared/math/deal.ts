/**
 * Who computes which leaves of the summation tree.
 *
 * Each worker gets one contiguous range. The greatest load is as small as it can be, and among the deals for
 * which it is, this one needs the fewest nodes of the tree: a node is one array of [P] to send, so ranges that
 * are whole subtrees save traffic. No bit of the result depends on it.
 *
 * M leaves, W workers.
 */
import assert from 'node:assert';
import { coverRange, type TreeNode } from './tree.ts';

/**
 * @param shares relative speeds of the workers, [W], positive; equal by default
 * @returns for each worker the nodes that it computes, left to right; none for a worker that stays idle
 */
export function deal(leafCount: number, workerCount: number, shares?: readonly number[]): TreeNode[][] {
  assert(leafCount > 0 && workerCount > 0, `${leafCount} leaves for ${workerCount} workers`);
  assert(shares === undefined || shares.length === workerCount, 'one share a worker');
  const caps = smallestCaps(leafCount, shares ?? Array<number>(workerCount).fill(1));
  const ends = fewestNodes(leafCount, caps);
  return ends.map((end, worker) => coverRange({ first: ends[worker - 1] ?? 0, end }, leafCount));
}

/**
 * Nodes whose values a worker keeps until its task ends, when it was dealt so many at first: its own, and those
 * that it inherits of lost workers. Where more are to be kept, everything is dealt anew.
 */
export const heldNodes = (dealtNodes: number): number => Math.max(8, 2 * dealtNodes);

/**
 * Cuts a deal so that one range of leaves is a node of its own, for the first of those who have any of it; all else
 * stays with whom it was.
 */
export function isolate<W>(
  assignments: readonly { readonly node: TreeNode; readonly worker: W }[],
  target: TreeNode,
  leafCount: number,
): { readonly node: TreeNode; readonly worker: W }[] {
  const heir = assignments.find(({ node }) => node.end > target.first)!;
  const others = assignments.flatMap(({ node, worker }) => {
    const before = { first: node.first, end: Math.min(node.end, target.first) };
    const after = { first: Math.max(node.first, target.end), end: node.end };
    const rest = [before, after].filter(({ first, end }) => first < end);
    return rest.flatMap((range) => coverRange(range, leafCount)).map((cut) => ({ node: cut, worker }));
  });
  return [...others, { node: target, worker: heir.worker }];
}

/** How much a batch of M micro-batches can gain from W equal workers. */
export interface Ceiling {
  readonly idleWorkers: number; // that get nothing to do
  readonly efficiencyCeiling: number; // M / (W * greatest load), in (0, 1]
}

export function idleAndCeiling(leafCount: number, workerCount: number): Ceiling {
  const idleWorkers = deal(leafCount, workerCount).filter((nodes) => nodes.length === 0).length;
  const greatestLoad = Math.ceil(leafCount / workerCount);
  return { idleWorkers, efficiencyCeiling: leafCount / (workerCount * greatestLoad) };
}

/**
 * The most leaves that each worker may get so that the slowest is done as early as possible, [W]. The time of
 * the slowest is n / share for some worker's share and a whole number n of leaves: for each share the smallest
 * n that suffices, by bisection, and the least time of all.
 */
function smallestCaps(leafCount: number, shares: readonly number[]): number[] {
  const times = shares.map((share) => {
    let tooFew = 0;
    let enough = Math.ceil((leafCount * share) / Math.min(...shares));
    while (enough - tooFew > 1) {
      const middle = Math.floor((tooFew + enough) / 2);
      const total = capsWithin(middle / share, leafCount, shares).reduce((sum, cap) => sum + cap, 0);
      if (total >= leafCount) enough = middle;
      else tooFew = middle;
    }
    return enough / share;
  });
  return capsWithin(Math.min(...times), leafCount, shares);
}

/** Leaves that each worker finishes in a time, [W]; the margin makes n / share * share be n again. */
function capsWithin(time: number, leafCount: number, shares: readonly number[]): number[] {
  return shares.map((share) => Math.min(leafCount, Math.floor(time * share * (1 + 1e-12))));
}

/**
 * The ends of the workers' ranges, [W]: dynamic programming over (worker, end), where the cost of a range is
 * the number of nodes that cover it. O(M * sum of caps).
 */
function fewestNodes(leafCount: number, caps: readonly number[]): number[] {
  const nodeCount = coverCounter(leafCount);
  let costs = new Uint32Array(leafCount + 1).fill(unreachable);
  costs[0] = 0;
  const firsts = caps.map((cap) => {
    const next = new Uint32Array(leafCount + 1).fill(unreachable);
    const first = new Uint32Array(leafCount + 1);
    for (let end = 0; end <= leafCount; end++) {
      for (let from = end; from >= Math.max(0, end - cap); from--) {
        const before = costs[from] ?? unreachable;
        if (before === unreachable) continue;
        const cost = before + nodeCount(from, end);
        if (cost >= (next[end] ?? 0)) continue;
        next[end] = cost;
        first[end] = from;
      }
    }
    costs = next;
    return first;
  });
  assert(costs[leafCount] !== unreachable, 'the caps leave room for all leaves');
  const ends: number[] = [];
  let end = leafCount;
  for (const first of firsts.toReversed()) {
    ends.unshift(end);
    end = first[end] ?? 0;
  }
  return ends;
}

const unreachable = 0xffffffff;

/**
 * Counts the nodes of `coverRange` without building them: the nodes of the tree over M leaves are the ranges
 * [k 2^j, min((k + 1) 2^j, M)), so from the left each node is the largest of these that fits.
 */
function coverCounter(leafCount: number): (first: number, end: number) => number {
  const whole = 2 ** (32 - Math.clz32(leafCount)); // as good as infinite
  return (first, end) => {
    const limit = end === leafCount ? whole : end;
    let count = 0;
    for (let at = first; at < end; count++) {
      let size = at === 0 ? whole : at & -at;
      while (at + size > limit) size /= 2;
      at += size;
    }
    return count;
  };
}

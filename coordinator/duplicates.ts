/**
 * Whose work is done twice: nodes that a slow worker owes, while somebody else has nothing to do.
 *
 * A worker is late when it has owed for over twice the time that the others took, who are done with their nodes
 * of the same task; for as much more as it was dealt more leaves. Where nobody else had any, the past of such
 * tasks is the measure. The first task of a kind is never late: it compiles and warms up.
 *
 * It is given nodes from the right, while the slow worker comes from the left. The first answer counts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';
import type { Member } from './members.ts';
import { leavesIn, type OpenTask, type Part } from './task.ts';
import type { Watch } from './watch.ts';

export interface LateOptions {
  readonly task: OpenTask;
  readonly ready: readonly PeerId[];
  readonly watch: Watch;
  readonly usualMs: number | null; // that such a task took before
  readonly nowMs: number;
  /** Whether a worker has done such a task before. */
  isWarm(peer: PeerId): boolean;
  owes(part: Part): boolean;
  /** Whether a worker can keep the value of one node more. */
  hasRoom(peer: PeerId): boolean;
}

const lateFactor = 2;
const leastMs = 500; // below, it is not worth it

/** @returns nodes to be computed once more, and by whom; at most one more for each node */
export function findLate(options: LateOptions): { readonly part: Part; readonly helper: PeerId }[] {
  const { task, ready, owes, hasRoom } = options;
  const owed = task.parts.filter(owes);
  const busy = new Set(owed.flatMap(({ worker, others }) => [worker, ...others]));
  const idle = ready.filter((peer) => !busy.has(peer) && hasRoom(peer));
  if (idle.length === 0) return [];
  const late = owed.filter(
    ({ worker, others }) => worker !== null && others.size === 0 && isLate(options, worker),
  );
  return late.toReversed().map((part, index) => ({ part, helper: idle[index % idle.length]! }));
}

/** What people are told of them. */
export function doubledNotices(
  taken: readonly { readonly part: Part }[],
  rankOf: (peer: PeerId) => number,
): Effect[] {
  const slow = [...new Set(taken.map(({ part }) => part.worker!))];
  return slow.map((peer) => {
    const microBatches = leavesIn(taken.flatMap(({ part }) => (part.worker === peer ? part : [])));
    return { type: 'notice', notice: { kind: 'duplicated', rank: rankOf(peer), microBatches } };
  });
}

/**
 * Gives the smallest node to a second worker of the same kind, to check one by the other: one that would be idle,
 * or the one with the least to do.
 */
export function doubleOnPurpose(task: OpenTask, ready: readonly Member[]): void {
  const loads = new Map(
    ready.map(({ peer }) => [peer, leavesIn(task.parts.filter((p) => p.worker === peer))]),
  );
  const [part] = [...task.parts].sort((a, b) => leavesIn([a]) - leavesIn([b]));
  const owner = ready.find(({ peer }) => peer === part!.worker)!;
  const [second] = ready
    .filter(
      ({ peer, fingerprint }) => peer !== owner.peer && isDeepStrictEqual(fingerprint, owner.fingerprint),
    )
    .sort((a, b) => loads.get(a.peer)! - loads.get(b.peer)!);
  if (second === undefined) return;
  part!.others.add(second.peer);
  part!.isCheck = true;
}

function isLate(options: LateOptions, peer: PeerId): boolean {
  const { task, watch, usualMs, nowMs, isWarm, owes } = options;
  if (!isWarm(peer)) return false;
  const partsOf = (of: PeerId): Part[] => task.parts.filter(({ worker }) => worker === of);
  const leaves = leavesIn(partsOf(peer));
  const done = [...new Set(task.parts.flatMap(({ worker }) => worker ?? []))].filter(
    (other) => !partsOf(other).some(owes),
  );
  const times = done.map((other) => {
    const { heardMs, toldMs } = watch.of(other);
    return (heardMs - toldMs) * Math.max(1, leaves / leavesIn(partsOf(other)));
  });
  const expectedMs = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? usualMs;
  if (expectedMs === null) return false;
  return nowMs - watch.of(peer).toldMs > Math.max(leastMs, lateFactor * expectedMs);
}

/**
 * What each worker has done so far: how fast it is, and which kinds of tasks it is warm for, since the first of a
 * kind compiles.
 */
import type { TaskKind } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';
import type { Member } from './members.ts';
import { createSpeeds, type Speeds } from './speeds.ts';
import { leavesIn, type OpenTask } from './task.ts';
import type { Watch } from './watch.ts';

export interface Experience {
  readonly speeds: Pick<Speeds, 'choose' | 'inUse'>;
  isWarm(peer: PeerId, kind: TaskKind): boolean;
  /** A task is done. @param peers the workers that are ready, whether they had a part in it or not */
  learn(task: OpenTask, kind: TaskKind, peers: readonly PeerId[]): void;
  forget(peer: PeerId): void;
}

export function createExperience(watch: Watch, nowMs: () => number): Experience {
  const speeds = createSpeeds();
  const practice = new Map<PeerId, Set<TaskKind>>();
  return {
    speeds,
    isWarm: (peer, kind) => practice.get(peer)?.has(kind) ?? false,

    learn({ parts }, kind, peers) {
      for (const peer of peers) {
        const told = parts.filter(({ worker, others }) => worker === peer || others.has(peer));
        const answers = told.flatMap((part) => part.answers.get(peer) ?? []);
        if (answers.length > 0) practice.set(peer, (practice.get(peer) ?? new Set()).add(kind));
        if (kind !== 'gradient') continue;
        const leaves = leavesIn(told);
        if (answers.length < told.length) speeds.atLeast(peer, leaves, nowMs() - watch.of(peer).toldMs);
        else
          speeds.learn(
            peer,
            leaves,
            answers.reduce((sum, { computeMs }) => sum + computeMs, 0),
          );
      }
    },

    forget(peer) {
      speeds.forget(peer);
      practice.delete(peer);
    },
  };
}

/** What each worker is dealt. */
export function sharesNotice({ parts }: OpenTask, members: readonly Member[]): Effect {
  const shares = members.map(({ peer, rank }) => {
    return { rank, microBatches: leavesIn(parts.filter(({ worker }) => worker === peer)) };
  });
  return { type: 'notice', notice: { kind: 'shares', shares } };
}

/**
 * What each worker was last heard of, and when: what a diagnosis needs, and whether somebody is late.
 *
 * Times are the coordinator's own; what a worker says of its clock is not asked.
 */
import { nodeKey } from '../shared/math/tree.ts';
import type { WorkerMessage } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';

export interface Sighting {
  readonly phase: string; // what it last said or was told
  readonly heardMs: number;
  readonly toldMs: number; // when it was last told of nodes of the open task
  readonly alive: { readonly atMs: number; readonly doing: string } | null; // what its process last answered
}

export interface Watch {
  /** A worker is told of nodes. */
  told(peer: PeerId): void;
  /** Its process answers, which says nothing of its work. */
  alive(peer: PeerId, doing: string): void;
  /** Something of its work arrived. */
  heard(peer: PeerId, phase: string): void;
  /** It said something. */
  said(peer: PeerId, message: WorkerMessage): void;
  forget(peer: PeerId): void;
  of(peer: PeerId): Sighting;
}

export function createWatch(nowMs: () => number): Watch {
  const sightings = new Map<PeerId, Sighting>();
  const of = (peer: PeerId): Sighting =>
    sightings.get(peer) ?? { phase: 'not heard of yet', heardMs: nowMs(), toldMs: nowMs(), alive: null };
  const heard = (peer: PeerId, phase: string): void =>
    void sightings.set(peer, { ...of(peer), phase, heardMs: nowMs() });
  const alive = (peer: PeerId, doing: string): void =>
    void sightings.set(peer, { ...of(peer), alive: { atMs: nowMs(), doing } });
  return {
    of,
    heard,
    alive,
    told: (peer) => {
      const now = nowMs();
      sightings.set(peer, { ...of(peer), phase: 'told of its task', heardMs: now, toldMs: now });
    },
    said(peer, message) {
      if (message.type === 'hello') heard(peer, 'getting ready');
      if (message.type === 'ready') heard(peer, 'ready');
      if (message.type === 'received') heard(peer, `receiving ${message.array}`);
      if (message.type === 'rows') heard(peer, 'asked for rows');
      if (message.type === 'node') heard(peer, `computed micro-batches ${nodeKey(message)}`);
      if (message.type === 'progress') alive(peer, message.phase);
    },
    forget: (peer) => void sightings.delete(peer),
  };
}

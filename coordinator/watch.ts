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
}

export interface Watch {
  /** A worker is told of nodes. */
  told(peer: PeerId): void;
  /** Something of it arrived. */
  heard(peer: PeerId, phase: string): void;
  forget(peer: PeerId): void;
  of(peer: PeerId): Sighting;
}

export function createWatch(nowMs: () => number): Watch {
  const sightings = new Map<PeerId, Sighting>();
  const of = (peer: PeerId): Sighting =>
    sightings.get(peer) ?? { phase: 'not heard of yet', heardMs: nowMs(), toldMs: nowMs() };
  return {
    of,
    told: (peer) => {
      const now = nowMs();
      sightings.set(peer, { phase: 'told of its task', heardMs: now, toldMs: now });
    },
    heard: (peer, phase) => void sightings.set(peer, { ...of(peer), phase, heardMs: nowMs() }),
    forget: (peer) => void sightings.delete(peer),
  };
}

/** What a worker is about, by what it says. */
export function phaseOf(message: WorkerMessage): string {
  switch (message.type) {
    case 'hello':
      return 'getting ready';
    case 'received':
      return `receiving ${message.array}`;
    case 'node':
      return `computed micro-batches ${nodeKey(message)}`;
    case 'progress':
      return message.phase;
    default:
      return message.type;
  }
}

/**
 * How long a step's arrays are under way: gradients from workers to reducers, parameters back.
 *
 * Every node that a worker computed is an array of P; a reducer has 1/R of each. Arrays go chunk by chunk, so
 * whichever is slowest on their way sets the time: a box's link, which its workers share, each way by itself, or
 * the host of a reducer, which handles one byte after another for all of its workers.
 */
import type { Cluster, Places } from './cluster.ts';
import type { Passing, Rates } from './rates.ts';

export interface Passage {
  readonly seconds: number;
  readonly bound: 'link' | 'host';
  readonly linkBytes: number; // over the busiest link, one way
}

/**
 * @param bytes of each worker, [W], to all reducers or from all of them
 * @param direction `up`: gradients; `down`: parameters
 */
export function passage(
  bytes: readonly number[],
  direction: 'up' | 'down',
  { linkBitsPerSecond, isEncrypted }: Cluster,
  rates: Rates,
  places: Places,
): Passage {
  const linkBytes = busiestLink(bytes, places);
  const linkSeconds =
    linkBitsPerSecond === null ? 0 : (8 * linkBytes) / (linkBitsPerSecond * rates.linkShare);
  const hostSeconds = busiestHost(bytes, places, passingOf(direction, isEncrypted, rates));
  const bound = linkSeconds > hostSeconds ? 'link' : 'host';
  return { seconds: Math.max(linkSeconds, hostSeconds), bound, linkBytes };
}

/** Encryption is for what leaves a box. */
function passingOf(direction: 'up' | 'down', isEncrypted: boolean, rates: Rates): Passing {
  const plain = direction === 'up' ? rates.upSecondsPerByte : rates.downSecondsPerByte;
  const encrypted = direction === 'up' ? rates.encryptedUpSecondsPerByte : rates.encryptedDownSecondsPerByte;
  return isEncrypted ? { ...plain, remote: Math.max(plain.remote, encrypted) } : plain;
}

/** Seconds of the reducer that has most to handle. */
function busiestHost(bytes: readonly number[], { workers, reducers }: Places, passing: Passing): number {
  const seconds = reducers.map((box) =>
    workers.reduce(
      (sum, at, rank) =>
        sum + (bytes[rank]! / reducers.length) * (at === box ? passing.local : passing.remote),
      0,
    ),
  );
  return Math.max(...seconds);
}

/** Bytes that leave or enter a box, whichever are more, on the box that has most. */
function busiestLink(bytes: readonly number[], { workers, reducers }: Places): number {
  const out = new Map<number, number>();
  const into = new Map<number, number>();
  const add = (to: Map<number, number>, box: number, value: number): void =>
    void to.set(box, (to.get(box) ?? 0) + value);
  workers.forEach((box, rank) => {
    for (const reducer of reducers) {
      if (reducer === box) continue;
      add(out, box, bytes[rank]! / reducers.length);
      add(into, reducer, bytes[rank]! / reducers.length);
    }
  });
  return Math.max(0, ...out.values(), ...into.values());
}

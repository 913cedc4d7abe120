/**
 * How fast each worker is, and by which shares leaves are dealt: unlike devices get unlike shares, so that all are
 * done at the same time. No bit depends on it.
 *
 * A worker's time for a micro-batch is smoothed over the steps; the first step of a process is warm-up and does
 * not count. Shares must not flap with the noise of the machine, hence two rules. Where no worker takes over 15 %
 * longer than another, all shares are equal. Else the shares in use stay until others would have had the slowest
 * worker done more than a tenth earlier, in whole micro-batches, for three steps in a row. Whenever workers come or
 * go it begins with equal shares.
 */
import { deal } from '../shared/math/deal.ts';
import type { PeerId } from '../shared/transport/transport.ts';

export interface Speeds {
  /** What a worker took for its micro-batches of one step; none where it got nothing to do. */
  learn(peer: PeerId, microBatches: number, tookMs: number): void;
  /** What it had taken when others were done with its work. */
  atLeast(peer: PeerId, microBatches: number, tookMs: number): void;
  forget(peer: PeerId): void;
  /** Shares to deal a step by, [W]; undefined where they are equal. */
  choose(peers: readonly PeerId[], leafCount: number): readonly number[] | undefined;
  /** The shares in use, as long as these are the same workers. */
  inUse(peers: readonly PeerId[]): readonly number[] | undefined;
}

const smoothing = 0.3; // weight of the latest step
const drift = 0.02; // of a worker without work, towards the others: some day it is tried again
const alikeRatio = 1.15;
const worthwhile = 0.9; // of the time that the slowest worker takes now
const inARow = 3; // steps

export function createSpeeds(): Speeds {
  const times = new Map<PeerId, number | null>(); // ms a micro-batch; null after the warm-up
  let waited = 0; // steps in a row for which other shares would have paid
  let used: { readonly peers: string; readonly shares: readonly number[] | undefined } | null = null;

  const inUse = (peers: readonly PeerId[]): readonly number[] | undefined =>
    used?.peers === peers.join() ? used.shares : undefined;

  const usualOf = (peers: readonly PeerId[]): number | undefined => {
    const known = peers.flatMap((peer) => times.get(peer) ?? []).sort((a, b) => a - b);
    return known[Math.floor((known.length - 1) / 2)];
  };

  const smooth = (peer: PeerId, latest: number): void => {
    const before = times.get(peer);
    if (before === undefined) times.set(peer, null);
    else times.set(peer, before === null ? latest : before + smoothing * (latest - before));
  };

  return {
    inUse,

    learn(peer, microBatches, tookMs) {
      if (microBatches > 0) return smooth(peer, Math.max(tookMs, 1e-3) / microBatches);
      const [before, usual] = [times.get(peer), usualOf([...times.keys()])];
      if (typeof before === 'number' && usual !== undefined)
        times.set(peer, before + drift * (usual - before));
    },

    atLeast(peer, microBatches, tookMs) {
      const before = times.get(peer);
      if (typeof before === 'number' && tookMs / microBatches > before) smooth(peer, tookMs / microBatches);
    },

    forget: (peer) => void times.delete(peer),

    choose(peers, leafCount) {
      const usual = usualOf(peers);
      const current = inUse(peers);
      const keep = (shares: readonly number[] | undefined): readonly number[] | undefined => {
        if (shares !== current || used?.peers !== peers.join()) waited = 0;
        used = { peers: peers.join(), shares };
        return shares;
      };
      if (usual === undefined) return keep(undefined);
      const expected = peers.map((peer) => times.get(peer) ?? usual); // who is not known is as the others
      if (Math.max(...expected) <= alikeRatio * Math.min(...expected)) {
        waited = 0;
        return keep(undefined);
      }
      const fitting = expected.map((time) => 1 / time);
      const goal = worthwhile * slowest(leafCount, expected, current);
      const ideal = leafCount / fitting.reduce((sum, speed) => sum + speed, 0); // if leaves could be split
      const pays = ideal < goal && slowest(leafCount, expected, fitting) < goal;
      waited = pays ? waited + 1 : 0;
      return keep(waited >= inARow ? fitting : current);
    },
  };
}

/** When the slowest worker is done, ms, if leaves are dealt by these shares. @param times of a leaf, [W] */
function slowest(leafCount: number, times: readonly number[], shares: readonly number[] | undefined): number {
  const done = deal(leafCount, times.length, shares).map((nodes, worker) => {
    const leaves = nodes.reduce((sum, { first, end }) => sum + end - first, 0);
    return leaves * times[worker]!;
  });
  return Math.max(...done);
}

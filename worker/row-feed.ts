/**
 * Hands rows that are sent to whoever computes with them, and lets it wait while they are on their way.
 *
 * One waits at a time: the device's queue is one. It is known how long it waited in all, which is what shows whether
 * rows are asked for early enough.
 */
import assert from 'node:assert';
import type { Batch } from '../shared/data/dataset.ts';

export interface RowFeed {
  /** @returns null when they are of no use any more: `isOfUse` said so. */
  take(key: string, isOfUse: () => boolean): Promise<Batch | null>;
  /** Something happened: perhaps what is waited for is here. */
  wake(): void;
  readonly isWaiting: boolean;
  /** Forgets how long it waited: a copy is made, and work begins. */
  begin(): void;
  /** What was taken since then, and how long that was waited for; null for nothing. */
  describe(): string | null;
}

export interface RowFeedOptions {
  readonly knows: (key: string) => boolean;
  readonly find: (key: string) => Batch | null;
  readonly onTaken: (key: string) => void;
  readonly onWaited: (beganMs: number, endedMs: number) => void;
  readonly nowMs: () => number;
}

export function createRowFeed({ knows, find, onTaken, onWaited, nowMs }: RowFeedOptions): RowFeed {
  let waiting: (() => void) | null = null;
  let waitedMs = 0;
  let bytes = 0;
  let sinceMs = 0;

  /** @returns undefined while it is to wait */
  function look(key: string, isOfUse: () => boolean): Batch | null | undefined {
    if (!isOfUse()) return null;
    assert(knows(key), `rows that nobody asked for: ${key}`);
    return find(key) ?? undefined;
  }

  return {
    async take(key, isOfUse) {
      const beganMs = nowMs();
      let batch = look(key, isOfUse);
      const isLate = batch === undefined;
      while (batch === undefined) {
        await new Promise<void>((resolve) => (waiting = resolve));
        batch = look(key, isOfUse);
      }
      if (isLate) {
        waitedMs += nowMs() - beganMs;
        onWaited(beganMs, nowMs());
      }
      if (batch === null) return null;
      bytes += batch.rows.byteLength + (batch.labels?.byteLength ?? 0);
      onTaken(key);
      return batch;
    },
    wake() {
      const resolve = waiting;
      waiting = null;
      resolve?.();
    },
    get isWaiting() {
      return waiting !== null;
    },
    begin: () => void ([waitedMs, bytes, sinceMs] = [0, 0, nowMs()]),
    describe() {
      if (bytes === 0) return null;
      const [waited, whole] = [waitedMs, nowMs() - sinceMs];
      const share = ((100 * waited) / whole).toFixed(1);
      return (
        `rows of ${(bytes / 1e6).toFixed(1)} MB were sent to it; ` +
        `it waited for them ${(waited / 1000).toFixed(2)} of ${(whole / 1000).toFixed(1)} s (${share} %)`
      );
    },
  };
}

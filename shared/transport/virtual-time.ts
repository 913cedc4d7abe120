/**
 * Time that only moves when told to: a queue of events, run one by one in the order of their times.
 *
 * Events of equal time run in the order in which they were scheduled, so that a simulation is a pure function
 * of its seed. The queue is a binary heap: some millions of events a second.
 */
import assert from 'node:assert';

/** The same shape as the process's clock: what runs on virtual time cannot tell. */
export interface VirtualClock {
  nowMs(): number;
  wallTime(): Date;
  after(delayMs: number, callback: () => void): () => void;
}

export interface VirtualTime {
  readonly nowMs: number;
  readonly pendingCount: number;
  /** Runs `event` once, `delayMs` from now. */
  schedule(delayMs: number, event: () => void): void;
  /** Moves to the next event and runs it. @returns false if there is none, or none until `untilMs` */
  step(untilMs?: number): boolean;
  /** Moves on to a time at which nothing happens. */
  advanceTo(timeMs: number): void;
}

interface Entry {
  readonly timeMs: number;
  readonly sequence: number;
  readonly event: () => void;
}

export function createVirtualTime(): VirtualTime {
  const heap: Entry[] = []; // every entry precedes its children, at 2i + 1 and 2i + 2
  let nowMs = 0;
  let sequence = 0;

  return {
    get nowMs() {
      return nowMs;
    },
    get pendingCount() {
      return heap.length;
    },
    schedule(delayMs, event) {
      assert(delayMs >= 0, `an event in ${delayMs} ms`);
      siftUp(heap, { timeMs: nowMs + delayMs, sequence: sequence++, event });
    },
    step(untilMs = Infinity) {
      const first = heap[0];
      if (first === undefined || first.timeMs > untilMs) return false;
      const last = heap.pop();
      if (last !== undefined && last !== first) siftDown(heap, last);
      nowMs = first.timeMs;
      first.event();
      return true;
    },
    advanceTo(timeMs) {
      assert(timeMs >= nowMs && (heap[0]?.timeMs ?? Infinity) >= timeMs, 'time passes over no event');
      nowMs = timeMs;
    },
  };
}

const precedes = (a: Entry, b: Entry): boolean =>
  a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);

/** Adds an entry at the end and lets its later ancestors sink. */
function siftUp(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent]!;
    if (!precedes(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

/** Puts an entry in the place of the first one and lets its earlier descendants rise. */
function siftDown(heap: Entry[], entry: Entry): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && precedes(heap[right]!, heap[left]!) ? right : left;
    if (!precedes(heap[child]!, entry)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = entry;
}

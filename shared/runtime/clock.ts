/** The single owner of time. Everything else is handed a Clock; tests hand in a virtual one. */

export interface Clock {
  /** Monotonic, from an arbitrary origin: jumps of the wall clock have no effect. */
  nowMs(): number;
  /** Wall time for people: file names and logs, never for decisions. */
  wallTime(): Date;
  /** Calls back once, not before `delayMs`. @returns a function that cancels */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallTime: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

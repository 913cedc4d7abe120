/**
 * What another process's clock shows, by exchanges of messages, as NTP does it (RFC 5905, section 8).
 *
 * We ask at t1 by our clock; the question arrives at t2 and is answered at t3 by theirs; the answer arrives at t4
 * by ours. If both ways take equally long, their clock is ahead by
 *
 *   offset = ((t2 - t1) + (t3 - t4)) / 2,   with   delay = (t4 - t1) - (t3 - t2)   spent on both ways.
 *
 * Whatever the two ways take, the offset is wrong by half the delay at most. So the exchange of least delay is the
 * one to believe, until clocks may have drifted apart by more since: 15 millionths of the time, as RFC 5905 has it.
 */

export interface RoundTrip {
  readonly askedMs: number; // t1, by our clock
  readonly receivedMs: number; // t2, by theirs
  readonly answeredMs: number; // t3, by theirs
  readonly arrivedMs: number; // t4, by ours
}

export interface ClockOffset {
  observe(trip: RoundTrip): void;
  /** What their clock showed when ours showed `ms`; the same before anything was observed. */
  toTheirs(ms: number): number;
  /** How wrong that may be, as of the last exchange that was believed; infinite before. */
  readonly errorMs: number;
}

const drift = 15e-6;

export function createClockOffset(): ClockOffset {
  let best = { offsetMs: 0, errorMs: Infinity, atMs: 0 };
  return {
    observe({ askedMs, receivedMs, answeredMs, arrivedMs }) {
      const errorMs = Math.max(0, (arrivedMs - askedMs - (answeredMs - receivedMs)) / 2);
      if (errorMs > best.errorMs + drift * (arrivedMs - best.atMs)) return;
      const offsetMs = (receivedMs - askedMs + (answeredMs - arrivedMs)) / 2;
      best = { offsetMs, errorMs, atMs: arrivedMs };
    },
    toTheirs: (ms) => ms + best.offsetMs,
    get errorMs() {
      return best.errorMs;
    },
  };
}

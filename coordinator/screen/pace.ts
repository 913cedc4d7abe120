/**
 * How fast a run goes, and how long it will take: from the steps since the last evaluation, or those before it
 * as long as there are too few.
 *
 * The first step of a process is left out: it compiles and warms up. What lies between steps (evaluations,
 * pictures, checkpoints) is the wall time of an interval less its steps' own, so that it counts in what is left.
 */
import type { StepRecord } from '../journal.ts';

export interface Pace {
  /** Takes note of a step that ended now. */
  step(record: Pick<StepRecord, 'samples' | 'seconds' | 'phases'>): void;
  /** Ends an interval. */
  evaluated(): void;
  readonly samplesPerSecond: number; // NaN before the second step, as the others
  readonly exchangeShare: number; // 0 to 1, of the time of steps: parameters on their way down, gradients up
  /** What `remainingSteps` and the evaluations among them will take, as far as is known. */
  remainingSeconds(remainingSteps: number): number;
}

interface Interval {
  steps: number; // all
  stepSeconds: number; // of all
  timedSteps: number; // all but the process's first
  timedSeconds: number;
  samples: number;
  exchangeSeconds: number;
  beganMs: number;
}

const enoughSeconds = 2; // of steps, for an interval to speak for itself

export function createPace(nowMs: () => number): Pace {
  let last: Interval | null = null;
  let current: Interval | null = null;
  let secondsBetween = 0; // between steps, an interval
  const chosen = (): Interval | null =>
    current !== null && (last === null || current.timedSeconds >= enoughSeconds) ? current : last;
  const ratio = (pick: (interval: Interval) => number): number => {
    const interval = chosen();
    return interval === null || interval.timedSteps === 0 ? NaN : pick(interval);
  };
  return {
    step({ samples, seconds, phases }) {
      const isFirst = current === null;
      current ??= emptyInterval(nowMs() - 1000 * seconds);
      current.steps += 1;
      current.stepSeconds += seconds;
      if (isFirst) return;
      current.timedSteps += 1;
      current.timedSeconds += seconds;
      current.samples += samples;
      current.exchangeSeconds += phases.parameters + phases.exchange;
    },

    evaluated() {
      if (current === null || current.steps === 0) return;
      secondsBetween = Math.max(0, (nowMs() - current.beganMs) / 1000 - current.stepSeconds);
      if (current.timedSteps > 0) last = current;
      current = emptyInterval(nowMs());
    },

    get samplesPerSecond() {
      return ratio(({ samples, timedSeconds }) => samples / timedSeconds);
    },

    get exchangeShare() {
      return ratio(({ exchangeSeconds, timedSeconds }) => exchangeSeconds / timedSeconds);
    },

    remainingSeconds(remainingSteps) {
      const secondsPerStep = ratio(({ timedSeconds, timedSteps }) => timedSeconds / timedSteps);
      const evaluations = last === null ? 0 : Math.ceil(remainingSteps / last.steps);
      return remainingSteps * secondsPerStep + evaluations * secondsBetween;
    },
  };
}

const emptyInterval = (beganMs: number): Interval => ({
  steps: 0,
  stepSeconds: 0,
  timedSteps: 0,
  timedSeconds: 0,
  samples: 0,
  exchangeSeconds: 0,
  beganMs,
});

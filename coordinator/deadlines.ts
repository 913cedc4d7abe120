/**
 * How long a task may take, learnt from its own past: max(floor, factor x median) for each kind of task.
 * The first of each kind has a longer one (compilation, warm-up), and so has `basis`, which is done once.
 */
import type { TaskKind } from '../shared/protocol/messages.ts';
import type { Effect } from './effects.ts';
import type { Member } from './members.ts';

export interface DeadlineOptions {
  readonly floorMs: number;
  readonly factor: number;
  readonly firstMs: number;
}

export const defaultDeadlines: DeadlineOptions = { floorMs: 30_000, factor: 5, firstMs: 600_000 };

export interface Deadlines {
  of(kind: TaskKind): number; // ms
  /** What it usually takes, ms: the median of its past; null before the first. */
  usual(kind: TaskKind): number | null;
  learn(kind: TaskKind, tookMs: number): void;
}

const remembered = 32; // durations of each kind

export function createDeadlines(options: DeadlineOptions): Deadlines {
  const past = new Map<TaskKind, number[]>();
  function usual(kind: TaskKind): number | null {
    const sorted = [...(past.get(kind) ?? [])].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  return {
    usual,
    of(kind) {
      const median = usual(kind);
      if (median === null || kind === 'basis') return options.firstMs;
      return Math.max(options.floorMs, options.factor * median);
    },
    learn(kind, tookMs) {
      past.set(kind, [...(past.get(kind) ?? []), tookMs].slice(-remembered));
    },
  };
}

/** Sends those away who are late. */
export function evictions(late: readonly Member[], kind: TaskKind, allowedMs: number): Effect[] {
  return late.flatMap(({ peer, rank, host }): Effect[] => {
    const reason = `rank ${rank} on ${host} did not finish ${kind} within ${Math.round(allowedMs / 1000)} s`;
    return [
      { type: 'send', peer, message: { type: 'evict', reason } },
      { type: 'drop', peer, reason },
    ];
  });
}

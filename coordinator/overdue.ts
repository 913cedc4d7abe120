/**
 * What a tick of the clock is for while a request is open: workers who take too long are evicted, what late ones
 * owe is computed by idle ones, too, and a person is told who is waited for.
 */
import type { Dealing, TaskRequest } from './dealing.ts';
import { evictions, type Deadlines } from './deadlines.ts';
import type { Effect } from './effects.ts';
import type { Members } from './members.ts';
import { describe, type Request } from './requests.ts';
import type { Stalls } from './stalls.ts';
import type { Stores } from './stores.ts';

export interface OverdueOptions {
  readonly members: Members;
  readonly dealing: Dealing;
  readonly stores: Stores;
  readonly deadlines: Deadlines;
  readonly stalls: Stalls;
  readonly minWorkers: number;
  readonly nowMs: () => number;
}

/** @returns what to do now, a second or so after it was asked before */
export function createOverdue({ members, dealing, stores, deadlines, stalls, ...options }: OverdueOptions) {
  const { minWorkers, nowMs } = options;

  /** While there is nobody to deal to. */
  const waiting = (): Effect[] => stalls.tooFew(members.all(), Math.max(1, minWorkers));

  function onTask(request: TaskRequest): Effect[] {
    const kind = stores.kindOf(request);
    const owing = dealing.awaited().map((peer) => members.get(peer)!);
    const allowedMs = deadlines.of(kind);
    if (nowMs() - dealing.dueSinceMs <= allowedMs) {
      if (owing.length === 0) return members.ready().length === 0 ? waiting() : [];
      const usualMs = deadlines.usual(kind);
      return [...dealing.double(usualMs), ...stalls.owed(describe(request), owing, usualMs)];
    }
    dealing.extend();
    return evictions(owing, kind, allowedMs);
  }

  return (request: Request | null): Effect[] => {
    const opened = members.reducers.tick(nowMs());
    if (opened.length > 0) return opened;
    if (request?.kind === 'model') return waiting();
    if (request?.kind !== 'sum' && request?.kind !== 'step') {
      stalls.flowing();
      return [];
    }
    if (dealing.task !== null) return onTask(request);
    const effects = dealing.deal();
    return dealing.task === null ? [...effects, ...waiting()] : effects;
  };
}

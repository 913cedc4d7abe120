/** How long a worker looks for a coordinator: from its start, and from a lost connection on, to the next welcome. */
import type { Clock } from '../shared/runtime/clock.ts';

export interface Search {
  /** No coordinator is there (any more). Does nothing while the search is on. */
  begin(): void;
  end(): void;
}

/** Begins at once. @param timeoutMs undefined: for ever. @param giveUp called with the reason once that time is over */
export function createSearch(
  clock: Clock,
  timeoutMs: number | undefined,
  giveUp: (reason: string) => void,
): Search {
  let cancel: (() => void) | null = null;
  function begin(): void {
    if (timeoutMs === undefined) return;
    cancel ??= clock.after(timeoutMs, () => giveUp(`no coordinator for ${timeoutMs / 1000} s`));
  }
  begin();
  return {
    begin,
    end() {
      cancel?.();
      cancel = null;
    },
  };
}

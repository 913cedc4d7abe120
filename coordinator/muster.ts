/** Whether to wait a little longer for the workers that were started with the run: its first task is theirs, too. */

const patienceMs = 10_000; // from the first time that it is asked

/** @returns whether to wait, given how many are ready; never again once it said no */
export function createMuster(expectedWorkers: number, nowMs: () => number): (readyCount: number) => boolean {
  let sinceMs: number | null = null;
  let isOver = false;
  return (readyCount) => {
    sinceMs ??= nowMs();
    isOver ||= readyCount >= expectedWorkers || nowMs() - sinceMs >= patienceMs;
    return !isOver;
  };
}

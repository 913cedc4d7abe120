/** Everybody who is told of a run: the screen, and whoever else wants to know. */
import type { Screen } from '../screen.ts';

/** Told of what it has a method for. */
export type RunWatcher = Partial<Omit<Screen, 'close' | 'finished'>>;

/** The screen, and beside it watchers who are told the same. */
export function toldToo(screen: Screen, watchers: readonly RunWatcher[]): Screen {
  const told: readonly RunWatcher[] = [screen, ...watchers];
  return {
    started: (facts) => told.forEach((one) => one.started?.(facts)),
    notice: (notice) => told.forEach((one) => one.notice?.(notice)),
    modelKnown: (model, backend) => told.forEach((one) => one.modelKnown?.(model, backend)),
    basisKnown: (basis) => told.forEach((one) => one.basisKnown?.(basis)),
    stepDone: (record, extent) => told.forEach((one) => one.stepDone?.(record, extent)),
    evaluated: (record, extent) => told.forEach((one) => one.evaluated?.(record, extent)),
    checkpointed: (step, path) => told.forEach((one) => one.checkpointed?.(step, path)),
    busy: (what) => told.forEach((one) => one.busy?.(what)),
    problem: (message) => told.forEach((one) => one.problem?.(message)),
    finished: (summary) => screen.finished(summary),
    close: () => screen.close(),
  };
}

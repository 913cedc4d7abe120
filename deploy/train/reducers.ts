/**
 * The reducers of a run that have processes of their own on this box, started by the coordinator's process.
 *
 * They live and die with the run: one that ends early takes a part of the parameters with it, so that none is
 * started again alone. Of one that ends before it was needed, the coordinator is told that it will not come.
 */
import { join } from 'node:path';
import type { StartReducers } from '../../coordinator/reducers/gathering.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { createLineLog, startChild, type Child, type LineLog } from './child.ts';

export interface ReducerProcesses {
  readonly start: StartReducers;
  /** Waits until they have ended, as they do with the run; for `graceMs`, and then ends them by force. */
  stop(graceMs: number): Promise<void>;
}

export interface ReducersOptions {
  readonly entry: string; // the command's own file
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

export function createReducerProcesses(options: ReducersOptions): ReducerProcesses {
  const { entry, environment, clock, say } = options;
  const running = new Set<Child>();
  let stopping = false;

  async function watch(child: Child, log: LineLog, onEnded: (reason: string) => void): Promise<void> {
    const why = await child.exited.then(
      ({ code, signal }) => (signal === null ? `exit code ${code}` : `signal ${signal}`),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    running.delete(child);
    const said = log.last().at(-1);
    log.close();
    if (!stopping) onEnded(said === undefined ? why : `${why}: ${said}`);
  }

  return {
    start(count, { endpoint, reducerAbsent }, runDir) {
      for (let index = 0; index < count; index++) {
        const log = createLineLog(join(runDir, 'logs', `reducer-${index}.log`), say);
        const child = startChild({
          entry,
          args: ['coordinator', '--reducer-of', endpoint],
          environment,
          output: (line) => log.add(line),
          onMessage: () => undefined,
        });
        running.add(child);
        void watch(child, log, (reason) => reducerAbsent(`reducer ${index} ended with ${reason}`));
      }
    },

    async stop(graceMs) {
      stopping = true;
      const cancelKill = clock.after(graceMs, () => running.forEach((child) => child.kill('SIGKILL')));
      await Promise.allSettled([...running].map(({ exited }) => exited));
      cancelKill();
    },
  };
}

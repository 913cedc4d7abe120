/**
 * `lockstep train` on this box: a coordinator, its workers, and this process, which only starts them, starts
 * them again, and ends them.
 *
 * The coordinator gets the very flags that were given here, and writes to this terminal.
 */
import { systemClock } from '../../shared/runtime/clock.ts';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { workerCountOf } from '../cli/worker-count.ts';
import { startChild } from './child.ts';
import { waitForPort } from './free-port.ts';
import { createLocalWorkers } from './local-workers.ts';
import { superviseRun, type Listening } from './supervise.ts';
import { startWorkers } from './workers.ts';

const portWaitMs = 120_000; // for a port that somebody took while the coordinator was dead

/** @returns the exit code of the run. @throws LockstepError where no worker is left */
export function runTrain(request: TrainRequest, entry: string): Promise<number> {
  const environment = process.env;
  const clock = systemClock;
  const say = (line: string): void => void process.stderr.write(`lockstep: ${line}\n`);
  const gpus = visibleGpus(environment).map(({ index }) => index);
  const { config } = request;
  return superviseRun({
    request,
    clock,
    say,
    onSignals,
    startCoordinator: (flags, onListening) =>
      startChild({
        entry,
        args: ['coordinator', ...flags],
        environment,
        output: 'inherit',
        onMessage: (message) => onListening(message as Listening),
      }),
    startWorkers: ({ endpoint, runDir, runId }) =>
      startWorkers({
        count: workerCountOf(config),
        start: createLocalWorkers({ entry, endpoint, runDir, runId, config, gpus, environment, say }),
        clock,
        say,
      }),
    async beforeRestart({ endpoint }) {
      const { hostname: host, port } = new URL(endpoint);
      let isTaken = false;
      await waitForPort({ host, port: Number(port) }, portWaitMs, clock, () => {
        isTaken = true;
        say(`somebody else listens on port ${port} now: waiting for it, since the workers look there`);
      });
      return isTaken;
    },
  });
}

/** Ctrl-C, SIGTERM, and the death of the parent, where there is one. */
export function onSignals(onSignal: (signal: 'SIGINT' | 'SIGTERM') => void): void {
  process.on('SIGINT', () => onSignal('SIGINT')).on('SIGTERM', () => onSignal('SIGTERM'));
  if (process.channel !== undefined) process.once('disconnect', () => onSignal('SIGTERM'));
}

/** Begins to serve a run as soon as its folder and data are known; one that is resumed with its past. */
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { RunData } from '../run-data.ts';
import { readEpochs, readHistory } from '../run/history.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { Screen } from '../screen.ts';
import { startServing, type Serving, type ServingRequest } from './serving.ts';

interface Wanted {
  readonly serving: ServingRequest;
  readonly workerCount: number;
  readonly resume: boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly screen: Screen;
}

/**
 * @param folder cut back to the checkpoint that is resumed
 * @param writeErrors writes to the folder that failed so far
 * @throws LockstepError (69) when the port that was asked for cannot be had
 */
export async function serveRun(
  { serving: request, workerCount, resume, version, clock, screen }: Wanted,
  folder: RunFolder,
  data: RunData,
  { batchSize, reducers }: Config,
  writeErrors: () => number,
): Promise<Serving> {
  const serving = await startServing({
    request,
    folder,
    batchSize,
    microBatchSize: data.workload.microBatchSize,
    expectedWorkers: workerCount,
    reducers,
    version,
    clock,
    writeErrors,
    onProblem: (message) => screen.problem(message),
  });
  if (resume && serving.port !== null) serving.remember(readHistory(folder.path), readEpochs(folder.path));
  return serving;
}

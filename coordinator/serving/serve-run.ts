/** Serves a run from when its folder and data are known, one that is resumed with its past, to a bad end. */
import { exitCodes, LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { Interrupted } from '../requests.ts';
import type { RunData } from '../run-data.ts';
import { readEpochs, readHistory } from '../run/history.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { Screen } from '../screen.ts';
import type { CoordinatorShell } from '../shell.ts';
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

/** Shows that a run has failed, as long as was asked for. Its workers are let go of: nothing more will come. */
export async function serveFailure(
  error: unknown,
  serving: Serving,
  shell: Pick<CoordinatorShell<unknown>, 'close'>,
): Promise<void> {
  const isToGoOn = error instanceof LockstepError && error.exitCode === exitCodes.peerLost;
  if (isToGoOn || error instanceof Interrupted) return;
  const lingering = serving.end('failed', error instanceof Error ? error.message : String(error));
  await shell.close();
  await lingering;
}

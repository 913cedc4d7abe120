/** What is said of a run as soon as workers can join it. */
import type { Config } from '../shared/runtime/config.ts';
import type { Beginning } from './beginning.ts';
import type { RunData } from './run-data.ts';
import type { RunFolder } from './run/run-folder.ts';
import type { StartedFacts } from './screen/opening.ts';
import type { Serving } from './serving/serving.ts';

interface Surroundings {
  readonly folder: Pick<RunFolder, 'path'>;
  readonly shell: { readonly endpoint: string };
  readonly serving: Pick<Serving, 'pageUrl'>;
  readonly notices: readonly string[];
}

/** @param options whose `workerCount` are expected */
export function startedFacts(
  { workerCount }: { readonly workerCount: number },
  config: Config,
  { training, workload }: RunData,
  { progress }: Beginning,
  { folder, shell, serving, notices }: Surroundings,
): StartedFacts {
  const { name, rowCount, shape, classCount } = training;
  const { split, testRowCount, microBatchSize } = workload;
  return {
    runtime: config.runtime,
    data: { name, rowCount, shape, classCount },
    split: { training: split.training.length, heldOut: split.heldOut.length, test: testRowCount },
    batchSize: config.batchSize,
    microBatchSize,
    workerCount,
    runDir: folder.path,
    endpoint: shell.endpoint,
    pageUrl: serving.pageUrl,
    resumedStep: progress?.step ?? null,
    notices,
  };
}

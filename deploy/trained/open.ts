/**
 * A trained model, opened in this process: its checkpoint, its run's data where they can be read, and the runtime.
 *
 * The batch-norm statistics of a checkpoint are of the last evaluation before it. Where that was not at the same
 * step they are estimated anew, from the run's own training rows. Where the data are gone, pictures of the prior
 * can still be made with what the checkpoint has.
 */
import { aggregateStatistics } from '../../coordinator/evaluation.ts';
import { resolveCheckpoint } from '../../coordinator/run/checkpoint-folder.ts';
import { readSnapshot } from '../../coordinator/run/checkpoint.ts';
import { openRunData, type RunData } from '../../coordinator/run-data.ts';
import { readBatch, type ImageShape } from '../../shared/data/dataset.ts';
import { dataError, exitCodes, LockstepError } from '../../shared/errors.ts';
import { createModelCompute, type ModelCompute } from '../../shared/model/compute-model.ts';
import { openModel } from '../../shared/model/open-model.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Config } from '../../shared/runtime/config.ts';

export interface TrainedOptions {
  readonly path: string; // a run folder or a checkpoint
  readonly runtime: RuntimeName;
  readonly needsData: boolean; // of the run
  readonly evaluationRows: number | null; // other than the run's own number
  readonly cacheDir: string;
  readonly say: (line: string) => void; // progress, for people
}

export interface Trained {
  readonly file: string; // the checkpoint
  readonly step: number;
  readonly config: Config;
  readonly image: ImageShape;
  readonly parameters: Float32Array; // [P], as they were set
  readonly parametersSha256: string;
  readonly compute: ModelCompute;
  readonly data: RunData | null; // null only where they are not needed
  close(): void;
}

/** @throws LockstepError: 65 for checkpoint or data, 69 for the runtime */
export async function openTrained(options: TrainedOptions): Promise<Trained> {
  const { path, say, evaluationRows } = options;
  const file = resolveCheckpoint(path);
  const checkpoint = readSnapshot(file);
  const { info } = checkpoint;
  const { image } = info;
  const config = evaluationRows === null ? info.config : { ...info.config, evaluationRows };
  const data = await openData(file, config, info.dataHash, options);
  say(`checkpoint ${file}, step ${info.progress.step}`);
  // Residuals of small variance need all of float32, whatever the run was trained with.
  const machine = { threads: config.threads, precision: 'float32', allowCpu: config.allowCpu } as const;
  const runtime = await openRuntime(options.runtime, machine);
  const { seed, components } = config;
  const model = await openModel(config, image);
  const compute = await createModelCompute(model, runtime, { image, components, seed });
  const { parameters, basis, statistics, progress } = checkpoint.snapshot;
  await compute.setParameters(parameters);
  await compute.setBasis(basis);
  const isFresh = statistics !== null && progress.evaluatedStep === progress.step;
  const precise = isFresh || data === null ? statistics : await estimateStatistics(compute, data, seed);
  if (precise !== null) await compute.setStatistics(precise);
  else if (compute.statisticsLength > 0) {
    throw dataError(
      `${file} has no batch-norm statistics, and the run's data cannot be read: bring them back`,
    );
  }
  return {
    file,
    step: info.progress.step,
    config,
    image,
    parameters,
    parametersSha256: info.parametersSha256,
    compute,
    data,
    close() {
      compute.dispose();
      data?.close();
    },
  };
}

/** @returns null where the run's own data cannot be read, or are others by now, and are not needed */
async function openData(
  file: string,
  config: Config,
  dataHash: string,
  { cacheDir, needsData, say }: TrainedOptions,
): Promise<RunData | null> {
  try {
    const data = await openRunData(config, cacheDir, say);
    if (data.training.hash === dataHash) return data;
    data.close();
    throw dataError(
      `${file} was trained on other images than ${config.data.join(' ')} holds now (hash ` +
        `${data.training.hash.slice(0, 12)}, expected ${dataHash.slice(0, 12)}): bring the old files back`,
    );
  } catch (error) {
    if (needsData || !(error instanceof LockstepError) || error.exitCode !== exitCodes.data) throw error;
    say(`going on without the run's data: ${error.message}`);
    return null;
  }
}

async function estimateStatistics(
  compute: ModelCompute,
  data: RunData,
  seed: number,
): Promise<Float32Array | null> {
  if (compute.statisticsLength === 0) return null;
  const spec = { kind: 'statistics' } as const;
  const leafCount = data.workload.leafCount(spec);
  const sums = new Float64Array(compute.statisticsLength);
  const values = new Float64Array(compute.statisticsLength);
  for (let leaf = 0; leaf < leafCount; leaf++) {
    const batch = readBatch(data.training, data.workload.rowsOf(spec, leaf));
    await compute.statistics(batch, { seed, purpose: 'statistics', step: 0, microBatch: leaf }, values);
    values.forEach((value, index) => (sums[index]! += value));
  }
  return aggregateStatistics(sums, leafCount);
}

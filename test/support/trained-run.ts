/** A checkpoint as a run would leave it, of a small model with made-up parameters and real principal components. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointName } from '../../coordinator/run/checkpoint-folder.ts';
import { writeSnapshot } from '../../coordinator/run/checkpoint.ts';
import type { Snapshot } from '../../coordinator/journal.ts';
import { openRunData, type RunData } from '../../coordinator/run-data.ts';
import { beginProgress } from '../../coordinator/progress.ts';
import { readBatch, rowLength } from '../../shared/data/dataset.ts';
import { eigenSymmetric } from '../../shared/math/eigen.ts';
import { createLayout } from '../../shared/math/layout.ts';
import { covarianceOf, createBasis, type Basis } from '../../shared/math/pca.ts';
import { streamOf, wordsOf } from '../../shared/math/philox.ts';
import { createModel } from '../../shared/model/registry.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { idx } from './idx.ts';
import { seededParameters } from './small-vae.ts';
import { someFacts } from './snapshots.ts';

const side = 6;

/** Images of 6 x 6, each of a random brightness and noise. */
export function writeImages(path: string, rowCount: number, seed: number): void {
  const word = wordsOf(seed, streamOf('synthetic'));
  const rows = Array.from({ length: rowCount }, () => {
    const brightness = (word() >>> 24) / 2;
    return Array.from({ length: side * side }, () => brightness + (word() >>> 24) / 2);
  });
  writeFileSync(path, idx([rowCount, side, side], rows.flat()));
}

/** @returns the checkpoint's path, in `folder`, and the configuration of its run */
export async function writeTrainedRun(
  folder: string,
  changes: Partial<Config> = {},
): Promise<{ path: string; config: Config }> {
  const images = join(folder, 'images-idx3-ubyte');
  writeImages(images, 120, 3);
  const small = { width: 16, latent: 3, encoderBlocks: 1, branchBlocks: 0, decoderBlocks: 1, components: 5 };
  const config = configSchema.parse({
    data: [images],
    batchSize: 20,
    microBatchSize: 10,
    ...small,
    ...changes,
  });
  const data = await openRunData(config, folder, () => {});
  const basis = config.components === null ? null : basisOf(data, config.components, config.whiten);
  const model = createModel(config, data.training.shape);
  const layout = createLayout(model.parameters);
  const description = {
    name: model.name,
    parameters: model.parameters.map((spec) => ({ ...spec, shape: [...spec.shape] })),
    statistics: model.statistics.map(({ name, size }) => ({ name, size })),
    termNames: ['loss', ...model.termNames],
    generative: true,
  };
  const snapshot: Snapshot = {
    progress: { ...beginProgress(null), step: 7 },
    model: description,
    parameters: seededParameters(layout),
    firstMoment: new Float32Array(layout.parameterCount),
    secondMoment: new Float32Array(layout.parameterCount),
    statistics: null,
    basis,
  };
  const path = join(folder, checkpointName(7));
  const facts = { ...someFacts, config, dataHash: data.training.hash, image: data.training.shape };
  await writeSnapshot(path, snapshot, facts, new Float32Array(layout.frozenCount));
  data.close();
  return { path, config };
}

function basisOf({ training, workload }: RunData, componentCount: number, whiten: boolean): Basis {
  const size = rowLength(training.shape);
  const sums = new Float64Array(size * size + size);
  const { rows, rowCount } = readBatch(training, workload.rowsOf({ kind: 'covariance' }, 0));
  for (let row = 0; row < rowCount; row++) {
    const values = Array.from(rows.subarray(row * size, (row + 1) * size), (value) => value - 128);
    values.forEach((a, i) => {
      sums[size * size + i]! += a;
      values.forEach((b, j) => (sums[i * size + j]! += a * b));
    });
  }
  const pairs = eigenSymmetric(covarianceOf(sums, size, rowCount), size, componentCount);
  return createBasis(sums, size, rowCount, pairs, whiten);
}

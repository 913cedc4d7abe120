/**
 * Lockstep's side of the agreement, in a process of its own: what the peers are given, and what they must find.
 *
 * The parameters are those of a checkpoint, so that none is still zero. The file for the peers holds them by
 * name beside rows of float32 features, and in its metadata what the model is made of.
 */
import { resolveCheckpoint } from '../../../coordinator/run/checkpoint-folder.ts';
import { readSnapshot } from '../../../coordinator/run/checkpoint.ts';
import { openRunData } from '../../../coordinator/run-data.ts';
import { writeSafetensors, type NamedTensor } from '../../../shared/data/safetensors.ts';
import { createModelCompute, type ModelCompute } from '../../../shared/model/compute-model.ts';
import { readFeatures, withoutDraws } from '../../../shared/model/quiet.ts';
import { createModel, featureCountOf } from '../../../shared/model/registry.ts';
import type { RuntimeName } from '../../../shared/model/runtime.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { readBatch, type Batch } from '../../../shared/data/dataset.ts';
import type { AnswerPart } from '../part.ts';
import type { Agreement } from './agreement.ts';

export interface ReferenceOptions {
  readonly path: string; // a run folder or a checkpoint
  readonly out: string; // the file for the peers
  readonly rowCount: number; // of the one gradient: the first rows of the file
  readonly fileRows: number; // rows of features in the file, at least `rowCount`
  readonly runtime: RuntimeName;
  readonly cacheDir: string;
}

const draw = { seed: 0, purpose: 'training', step: 0, microBatch: 0 } as const;
const blockRows = 500; // projected at once

/**
 * Added to the variance instead of the model's own eps. With eps = .01 one unit at ReLU's kink moves the gradient
 * by its 1 / v^2 of 10^4, and float32 alone, against float64, by 10^-3 of the norm: no two programs would agree.
 */
const agreementFloor = 1;

/** The part `peers-reference`: any question gives the agreement, after the file has been written. */
export const openReference = async (options: ReferenceOptions): Promise<AnswerPart> => {
  const reference = await makeReference(options);
  return async () => reference;
};

/** Writes the file. @returns the one gradient's figures @throws LockstepError (65, 69) */
export async function makeReference(options: ReferenceOptions): Promise<Agreement> {
  const { info, snapshot } = readSnapshot(resolveCheckpoint(options.path));
  const config: Config = { ...info.config, dropout: 0, varianceFloor: agreementFloor };
  const data = await openRunData(config, options.cacheDir, () => {});
  const runtime = await openRuntime(options.runtime, { threads: 1, precision: 'float32', allowCpu: true });
  const { seed, components } = config;
  const model = createModel(config, info.image);
  const compute = await createModelCompute(model, withoutDraws(runtime), {
    image: info.image,
    seed,
    components,
  });
  await compute.setParameters(snapshot.parameters);
  await compute.setBasis(snapshot.basis);
  try {
    const rowsFrom = (first: number, count: number) =>
      readBatch(
        data.training,
        Uint32Array.from({ length: count }, (_, i) => (first + i) % data.training.rowCount),
      );
    const featureCount = featureCountOf(components, info.image);
    const features = new Float32Array(options.fileRows * featureCount);
    for (let first = 0; first < options.fileRows; first += blockRows) {
      const count = Math.min(blockRows, options.fileRows - first);
      features.set(await readFeatures(compute.loaded, rowsFrom(first, count)), first * featureCount);
    }
    const tensors: NamedTensor[] = compute.layout.trained.map(({ name, shape, offset, length }) => {
      return { name, shape, values: snapshot.parameters.subarray(offset, offset + length) };
    });
    tensors.push({ name: 'features', shape: [options.fileRows, featureCount], values: features });
    await writeSafetensors(options.out, tensors, {
      settings: JSON.stringify(settingsOf(info.config, featureCount)),
    });
    return await gradientOf(compute, rowsFrom(0, options.rowCount));
  } finally {
    compute.dispose();
    data.close();
  }
}

/** What a peer needs to build the same model and the same optimiser. */
function settingsOf(config: Config, features: number) {
  const { width, latent, encoderBlocks, branchBlocks, decoderBlocks, dropout, varianceFloor } = config;
  const { learningRate, beta1, beta2, epsilon } = config;
  const sizes = { features, width, latent, encoderBlocks, branchBlocks, decoderBlocks };
  return { ...sizes, dropout, varianceFloor, agreementFloor, adam: { learningRate, beta1, beta2, epsilon } };
}

/** Loss and the norm of its gradient, both of the mean over rows; batch norm over all of them at once. */
async function gradientOf(compute: ModelCompute, batch: Batch): Promise<Agreement> {
  const { parameterCount } = compute.layout;
  const gradient = new Float32Array(parameterCount);
  const terms = await compute.gradient(batch, draw, { klWeight: 1 }, gradient);
  let squares = 0;
  for (const value of gradient) squares += value * value;
  return {
    parameterCount,
    loss: terms['loss']! / batch.rowCount,
    gradientNorm: Math.sqrt(squares) / batch.rowCount,
  };
}

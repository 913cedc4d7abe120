/**
 * A small autoencoder on whatever runtime is open, ready to be asked anything: with parameters, basis,
 * statistics and rows, all from counters.
 */
import type { Batch, ImageShape } from '../../shared/data/dataset.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import { initialise } from '../../shared/math/initialise.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import type { Layout } from '../../shared/math/layout.ts';
import { streamOf, wordsOf } from '../../shared/math/philox.ts';
import type { Basis, DrawKey } from '../../shared/model/compute.ts';
import { createModelCompute, type ModelCompute } from '../../shared/model/compute-model.ts';
import { createModel } from '../../shared/model/registry.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { modelSettingsSchema, type ModelSettings } from '../../shared/model/settings.ts';

export const smallImage: ImageShape = { height: 4, width: 3, channels: 2 };
export const smallLatent = 4;

export interface SmallOptions {
  readonly components?: number | null; // 10 by default
  readonly whiten?: boolean;
  readonly settings?: Partial<ModelSettings>;
}

export const drawKey = (changes: Partial<DrawKey> = {}): DrawKey => ({
  seed: 1,
  purpose: 'training',
  step: 3,
  microBatch: 2,
  ...changes,
});

/** Rows of seeded bytes. */
export function seededBatch(rowCount: number, image: ImageShape = smallImage, seed = 5): Batch {
  const word = wordsOf(seed, streamOf('synthetic'));
  return {
    rows: Uint8Array.from({ length: rowCount * rowLength(image) }, () => word() >>> 24),
    labels: null,
    rowCount,
  };
}

/** First values, with a little more everywhere, so that no bias is zero. */
export function seededParameters(layout: Layout, seed = 1): Float32Array {
  const bytes = 4 * layout.parameterCount;
  const kernels = createKernels(2 * bytes + 128);
  const offset = kernels.allocate(bytes);
  const jitter = kernels.allocate(bytes);
  initialise(layout, seed, kernels, offset);
  kernels.uniform(jitter, layout.parameterCount, seed, streamOf('synthetic', 1), -0.1, 0.1);
  kernels.add(offset, jitter, layout.parameterCount);
  return kernels.float32(offset, layout.parameterCount).slice();
}

/** K orthonormal directions of D dimensions: discrete cosines, with falling eigenvalues. */
export function cosineBasis(featureCount: number, componentCount: number, whiten = false): Basis {
  const vectors = Float32Array.from({ length: componentCount * featureCount }, (_, at) => {
    const component = Math.floor(at / featureCount);
    const scale = Math.sqrt((component === 0 ? 1 : 2) / featureCount);
    return scale * Math.cos((Math.PI * component * ((at % featureCount) + 0.5)) / featureCount);
  });
  const eigenvalues = Float32Array.from({ length: componentCount }, (_, index) => 0.2 / (index + 1));
  return {
    featureCount,
    componentCount,
    mean: Float32Array.from({ length: featureCount }, (_, index) => 0.4 + 0.01 * index),
    vectors,
    eigenvalues,
    totalVariance: 1,
    whiten,
  };
}

/** A model of about 3,000 parameters with everything set. */
export async function smallVae(
  runtime: Runtime,
  { components = 10, whiten = false, settings = {} }: SmallOptions = {},
): Promise<ModelCompute> {
  const shape = { width: 16, latent: smallLatent, encoderBlocks: 2, branchBlocks: 1, decoderBlocks: 2 };
  const choice = { model: 'vae', components, ...modelSettingsSchema.parse({ ...shape, ...settings }) };
  const model = createModel(choice, smallImage);
  const compute = await createModelCompute(model, runtime, { image: smallImage, components, seed: 1 });
  await compute.setParameters(seededParameters(compute.layout));
  if (components !== null) await compute.setBasis(cosineBasis(rowLength(smallImage), components, whiten));
  await compute.setStatistics(
    Float32Array.from({ length: compute.statisticsLength }, (_, index) =>
      index < compute.statisticsLength / 2 ? 0.01 * (index % 7) : 0.5 + 0.05 * (index % 11),
    ),
  );
  return compute;
}

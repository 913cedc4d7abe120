/**
 * Autoencoders without hidden layers, whose parameters a test writes down: every density is then known in closed
 * form. On the cpu runtime, the oracle.
 */
import assert from 'node:assert/strict';
import type { ImageShape } from '../../shared/data/dataset.ts';
import { batchNormEpsilon } from '../../shared/model/layers.ts';
import type { Basis } from '../../shared/model/compute.ts';
import { loadModel, type LoadedModel } from '../../shared/model/loaded-model.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { modelSettingsSchema, type ModelSettings } from '../../shared/model/settings.ts';
import { createVae } from '../../shared/model/vae/vae.ts';

export interface LinearVae {
  readonly image: ImageShape;
  readonly latent: number;
  readonly settings: Partial<ModelSettings>;
  readonly basis: Basis | null; // null for pixels
  readonly parameters: Readonly<Record<string, readonly number[]>>; // by name; all others are 0
}

/** Batch norm does nothing; the encoder is linear in the features, the decoder in the latents. */
export async function loadLinearVae({
  image,
  latent,
  settings,
  basis,
  parameters,
}: LinearVae): Promise<LoadedModel> {
  const runtime = await openRuntime('cpu', { threads: null, precision: 'float32', allowCpu: true });
  const bare = { encoderBlocks: 0, branchBlocks: 0, decoderBlocks: 0, latent };
  const featureCount = basis?.componentCount ?? image.height * image.width * image.channels;
  const model = createVae(modelSettingsSchema.parse({ ...bare, ...settings }), featureCount, basis === null);
  const loaded = loadModel(model, runtime, { image, components: basis?.componentCount ?? null, seed: 1 });
  const { layout, statistics } = loaded;
  const values = new Float32Array(layout.parameterCount);
  for (const [name, given] of Object.entries(parameters)) {
    const entry = layout.trained.find((candidate) => candidate.name === name);
    assert(entry?.length === given.length, `${name} of ${given.length} values, expected ${entry?.length}`);
    values.set(given, entry.offset);
  }
  for (const { name, offset, length } of layout.trained) {
    if (name.endsWith('/gamma')) values.fill(1, offset, offset + length);
  }
  loaded.parameters.set(values);
  loaded.setBasis(basis);
  const half = statistics.length / 2;
  statistics.set(new Float32Array(2 * half).fill(1 - batchNormEpsilon, half));
  return loaded;
}

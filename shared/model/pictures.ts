/** Pictures of what a model has learned: pixels in [0, 1], [count, D], a row of the array each. */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import { usageError } from '../errors.ts';
import type { Batch } from '../data/dataset.ts';
import type { DrawKey, RenderRequest } from './compute.ts';
import { featuresOf, generativeOf, type LoadedModel } from './loaded-model.ts';
import type { Posterior } from './model.ts';
import { constant } from './operations.ts';
import { createProjection, pixelsOf } from './projection.ts';

type Tensor2D = tf.Tensor2D;

/**
 * @param batch the rows that the request is about; null for samples
 * @throws LockstepError (64) for a round trip through more components than the basis has
 */
export async function render(
  loaded: LoadedModel,
  request: RenderRequest,
  batch: Batch | null,
): Promise<Float32Array> {
  const image = tf.tidy(() => pixelsFor(loaded, request, batch));
  const pixels = await image.data<'float32'>();
  image.dispose();
  return pixels;
}

function pixelsFor(loaded: LoadedModel, request: RenderRequest, batch: Batch | null): Tensor2D {
  if (request.what === 'samples') return samples(loaded, request.count, request.draw);
  assert(batch !== null, `${request.what} need rows`);
  switch (request.what) {
    case 'reconstructions':
      return posterior(loaded, batch, { draws: 1, output: 'mean', draw: request.draw });
    case 'posterior':
      return posterior(loaded, batch, request);
    case 'interpolation':
      return interpolation(loaded, batch, request.steps, request.draw);
    case 'roundTrip':
      return roundTrip(loaded, batch, request.components, request.clip);
    case 'variance':
      return meanVariance(loaded, batch, request.draw);
    default:
      return request satisfies never;
  }
}

/** Decoder means at latents from the standard normal prior. */
function samples(loaded: LoadedModel, count: number, draw: DrawKey): Tensor2D {
  const { generative, parameters, mode } = generativeOf(loaded);
  const latents = loaded.runtime.draws(draw).standardNormal([count, generative.latentCount]) as Tensor2D;
  return toPixels(loaded, generative.decode(parameters, latents, mode).mean());
}

/** Of each row, `draws` pictures at latents drawn from its posterior. @returns [b * draws, D] */
function posterior(
  loaded: LoadedModel,
  batch: Batch,
  { draws, output, draw }: { draws: number; output: 'mean' | 'draw'; draw: DrawKey },
): Tensor2D {
  const { generative, parameters, mode } = generativeOf(loaded);
  const random = loaded.runtime.draws(draw);
  const features = repeatRows(featuresOf(loaded, batch), draws);
  const latents = drawLatents(generative.encode(parameters, features, mode), random);
  const decoded = generative.decode(parameters, latents, mode);
  if (output === 'mean') return toPixels(loaded, decoded.mean());
  return toPixels(loaded, decoded.sample(random.standardNormal(features.shape) as Tensor2D));
}

const drawLatents = (
  q: Posterior,
  random: { standardNormal(shape: readonly number[]): tf.Tensor },
): Tensor2D => q.sample(random.standardNormal(q.mean.shape) as Tensor2D);

/** [b, K] to [b * times, K], the copies of a row side by side. */
const repeatRows = (x: Tensor2D, times: number): Tensor2D =>
  tf.reshape(tf.tile(tf.expandDims(x, 1), [1, times, 1]), [x.shape[0] * times, x.shape[1]]);

/** From the latents of row 2i to those of row 2i + 1, both ends included. @returns [pairs * steps, D] */
function interpolation(loaded: LoadedModel, batch: Batch, steps: number, draw: DrawKey): Tensor2D {
  const { generative, parameters, mode } = generativeOf(loaded);
  const pairCount = Math.floor(batch.rowCount / 2);
  const q = generative.encode(parameters, featuresOf(loaded, batch), mode);
  const latents = drawLatents(q, loaded.runtime.draws(draw));
  const pairs = tf.reshape(tf.slice(latents, [0, 0], [pairCount * 2, -1]), [
    pairCount,
    2,
    generative.latentCount,
  ]);
  const [from, to] = tf.split(pairs, 2, 1) as [tf.Tensor3D, tf.Tensor3D]; // [pairs, 1, latent]
  const weights = tf.reshape(tf.linspace(0, 1, steps), [1, steps, 1]);
  const path = tf.add(from, tf.mul(tf.sub(to, from), weights)); // [pairs, steps, latent]
  const flat = tf.reshape(path, [pairCount * steps, generative.latentCount]) as Tensor2D;
  return toPixels(loaded, generative.decode(parameters, flat, mode).mean());
}

/** The variance that the decoder gives each feature, at latents drawn from the rows' posteriors. @returns [1, K] */
function meanVariance(loaded: LoadedModel, batch: Batch, draw: DrawKey): Tensor2D {
  const { generative, parameters, mode } = generativeOf(loaded);
  const posterior = generative.encode(parameters, featuresOf(loaded, batch), mode);
  const latents = drawLatents(posterior, loaded.runtime.draws(draw));
  return tf.mean(generative.decode(parameters, latents, mode).variance(), 0, true) as Tensor2D;
}

/** The rows after projection onto the leading components and back. */
function roundTrip(loaded: LoadedModel, batch: Batch, componentCount: number, clip: boolean): Tensor2D {
  const basis = loaded.basis();
  const pixels = pixelsOf(batch);
  if (basis === null) return pixels;
  if (componentCount > basis.componentCount) {
    throw usageError(
      `a round trip through ${componentCount} components was asked for, but the basis has ` +
        `${basis.componentCount}: ask for at most that many`,
    );
  }
  const projection = createProjection(basis, loaded.runtime, componentCount);
  const restored = projection.restore(projection.project(pixels));
  projection.dispose();
  return clip ? clipped(restored) : restored;
}

const toPixels = (loaded: LoadedModel, features: Tensor2D): Tensor2D =>
  clipped(loaded.projection().restore(features));

/** Without it, values outside of the valid range come out as patches of wrong colour. */
const clipped = (pixels: Tensor2D): Tensor2D => tf.minimum(tf.maximum(pixels, constant(0)), constant(1));

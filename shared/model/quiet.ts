/**
 * A device without randomness, for models whose dropout is 0: latents are at their mean.
 *
 * Then loss and gradient are functions of parameters and rows alone, which another implementation can be held
 * against, whatever its random numbers are. A mask has no such mean: it is 0 or 1 / (1 - rate), and gradients
 * count on that.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import { featuresOf, type LoadedModel } from './loaded-model.ts';
import type { Draws } from './model.ts';
import type { Runtime } from './runtime.ts';

const quietDraws: Draws = {
  dropoutMask: () => assert.fail('a mask without draws: the dropout of the model has to be 0'),
  standardNormal: (shape) => tf.zeros([...shape]),
};

/** The same device, whose noise is 0, and which has no masks. */
export const withoutDraws = (runtime: Runtime): Runtime => ({ ...runtime, draws: () => quietDraws });

/** What the model sees of a batch's rows, [b, K]: principal components, or pixels. */
export async function readFeatures(loaded: LoadedModel, batch: Batch): Promise<Float32Array> {
  const features = tf.tidy(() => featuresOf(loaded, batch));
  const values = await features.data<'float32'>();
  features.dispose();
  return Float32Array.from(values);
}

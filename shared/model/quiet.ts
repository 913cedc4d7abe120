/**
 * A device without randomness: no dropout, and latents at their mean.
 *
 * Then loss and gradient are functions of parameters and rows alone, which another implementation can be held
 * against, whatever its random numbers are. Dropout is best left out of the model as well, by its rate.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import { featuresOf, type LoadedModel } from './loaded-model.ts';
import type { Draws } from './model.ts';
import type { Runtime } from './runtime.ts';

const quietDraws: Draws = {
  dropoutMask: (shape) => tf.ones([...shape]),
  standardNormal: (shape) => tf.zeros([...shape]),
};

/** The same device, whose draws are all at their mean. */
export const withoutDraws = (runtime: Runtime): Runtime => ({ ...runtime, draws: () => quietDraws });

/** What the model sees of a batch's rows, [b, K]: principal components, or pixels. */
export async function readFeatures(loaded: LoadedModel, batch: Batch): Promise<Float32Array> {
  const features = tf.tidy(() => featuresOf(loaded, batch));
  const values = await features.data<'float32'>();
  features.dispose();
  return Float32Array.from(values);
}

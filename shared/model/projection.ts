/**
 * From bytes to what the model sees, and back: the projection onto principal components, on the device.
 *
 *   features = (x / 255 - mean) V^T, divided by the deviation of each component where they are whitened
 *   pixels   = mean + features V
 *
 * Without a basis, features are the pixels, x / 255.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import { deviationOf } from '../math/pca.ts';
import type { Basis } from './compute.ts';
import { constant } from './operations.ts';
import type { Runtime } from './runtime.ts';

type Tensor2D = tf.Tensor2D;

export interface Projection {
  /** @returns features of the rows, [b, K] */
  project(rows: Tensor2D): Tensor2D;
  /** @param features [b, K] @returns pixels, [b, D], clipped to nothing */
  restore(features: Tensor2D): Tensor2D;
  dispose(): void;
}

/** x / 255 of a batch's rows, [b, D]. */
export const pixelsOf = ({ rows, rowCount }: Batch): Tensor2D =>
  tf.div(tf.tensor2d(new Float32Array(rows), [rowCount, rows.length / rowCount]), constant(255));

export const pixelProjection: Projection = {
  project: (pixels) => pixels,
  restore: (features) => features,
  dispose: () => undefined,
};

/** The leading `componentCount` components of a basis. */
export function createProjection(
  basis: Basis,
  runtime: Runtime,
  componentCount: number = basis.componentCount,
): Projection {
  const { featureCount } = basis;
  const deviations = basis.whiten ? basis.eigenvalues.map(deviationOf) : basis.eigenvalues.map(() => 1);
  const forward = new Float32Array(featureCount * componentCount); // [D, K]
  const backward = new Float32Array(componentCount * featureCount); // [K, D]
  for (let component = 0; component < componentCount; component++) {
    const deviation = deviations[component] ?? 1;
    for (let feature = 0; feature < featureCount; feature++) {
      const weight = basis.vectors[component * featureCount + feature] ?? 0;
      forward[feature * componentCount + component] = weight / deviation;
      backward[component * featureCount + feature] = weight * deviation;
    }
  }
  const mean = runtime.upload(basis.mean, [featureCount]);
  const analysis = runtime.upload(forward, [featureCount, componentCount]) as Tensor2D;
  const synthesis = runtime.upload(backward, [componentCount, featureCount]) as Tensor2D;
  return {
    project: (pixels) => tf.matMul(tf.sub(pixels, mean), analysis),
    restore: (features) => tf.add(tf.matMul(features, synthesis), mean),
    dispose: () => tf.dispose([mean, analysis, synthesis]),
  };
}

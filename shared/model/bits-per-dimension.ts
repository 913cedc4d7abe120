/**
 * Bits per dimension: what compares runs of different components, with whitening or without.
 *
 * Bytes are made continuous, x' = (x + u) / 256 with u uniform in [0, 1), so that a density of x' bounds the
 * probability of x (Theis, van den Oord and Bethge 2016, sec. 3.1). The basis is orthonormal, so -log p(x') is
 * the model's bound of the K components it sees, plus what lies outside of them, as independent Gaussians:
 *
 *   sum_{k > K} 1/2 (ln 2 pi lambda_k + r_k^2 / lambda_k),  lambda_k at least 1 / (12 * 256^2)
 *
 * plus ln of each component's deviation where they are whitened. Then nats / (D ln 2) + 8, for the scale of 256.
 *
 * D values of a row, K components, b rows.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import { rowLength } from '../data/dataset.ts';
import { createKernels } from '../math/kernels.ts';
import { streamOf } from '../math/philox.ts';
import type { Basis, DrawKey } from './compute.ts';
import { boundsOf } from './evidence.ts';
import type { LoadedModel } from './loaded-model.ts';
import { deviationOf, smallestVariance } from '../math/pca.ts';
import type { Runtime } from './runtime.ts';

type Tensor2D = tf.Tensor2D;

export interface BitsMeter {
  /** Adds rows. @param draw of the latent noise, and by its counters of u */
  add(batch: Batch, draw: DrawKey): Promise<void>;
  /** Bits per dimension of the rows added. */
  result(): number;
  dispose(): void;
}

/** @param all the basis of all D components of the model's training rows; null for a model of pixels */
export function createBitsMeter(loaded: LoadedModel, all: Basis | null): BitsMeter {
  const basis = loaded.basis();
  assert.equal(all === null, basis === null, 'all components for a model of components');
  const outside =
    basis === null || all === null ? null : createOutside(all, basis.componentCount, loaded.runtime);
  const logDeviations = basis?.whiten
    ? basis.eigenvalues.reduce((sum, value) => sum + Math.log(deviationOf(value)), 0)
    : 0;
  const dequantise = createDequantiser();
  let nats = 0;
  let rowCount = 0;
  return {
    async add(batch, draw) {
      const pixels = tf.tensor2d(dequantise(batch.rows, draw), [batch.rowCount, rowLength(loaded.image)]);
      const features = tf.tidy(() => loaded.projection().project(pixels));
      const { nll, kl } = await boundsOf(loaded, features, draw);
      nats += sumOf(nll) + sumOf(kl) + batch.rowCount * logDeviations;
      if (outside !== null) nats += sumOf(await outside.negativeLogDensity(pixels));
      rowCount += batch.rowCount;
      tf.dispose([pixels, features]);
    },
    result: () => nats / rowCount / (rowLength(loaded.image) * Math.LN2) + 8,
    dispose: () => outside?.dispose(),
  };
}

/** What is outside of the K leading components. @param all [D, D] */
function createOutside(
  { featureCount, mean, vectors, eigenvalues }: Basis,
  componentCount: number,
  runtime: Runtime,
) {
  const count = featureCount - componentCount;
  const variances = eigenvalues.slice(componentCount).map((value) => Math.max(value, smallestVariance));
  const constants = variances.reduce((sum, variance) => sum + Math.log(2 * Math.PI * variance), 0); // float64
  if (count === 0) return null;
  const rest = runtime.upload(vectors.subarray(componentCount * featureCount), [
    count,
    featureCount,
  ]) as Tensor2D;
  const centre = runtime.upload(mean.map(meanOfContinuous), [featureCount]);
  const precisions = runtime.upload(
    variances.map((variance) => 1 / variance),
    [count],
  );
  return {
    /** @param pixels x' [b, D] @returns [b] */
    async negativeLogDensity(pixels: Tensor2D): Promise<Float64Array> {
      const distances = tf.tidy(() => {
        const residuals = tf.matMul(tf.sub(pixels, centre), rest, false, true); // [b, D - K]
        return tf.sum(tf.mul(tf.square(residuals), precisions), 1);
      });
      const values = await distances.data<'float32'>();
      distances.dispose();
      return Float64Array.from(values, (distance) => (distance + constants) / 2);
    },
    dispose: () => tf.dispose([rest, centre, precisions]),
  };
}

/** E x' where E x / 255 is known: they differ by as much as two deviations of a byte that is always 0. */
const meanOfContinuous = (mean: number): number => (255 * mean + 0.5) / 256;

const blockLength = 2 ** 18;

/** (x + u) / 256, as float32, with u from counters: the same whoever asks, and in whatever batches of a key. */
function createDequantiser(): (rows: Uint8Array, draw: DrawKey) => Float32Array {
  const kernels = createKernels(blockLength * Float32Array.BYTES_PER_ELEMENT);
  const block = kernels.allocate(blockLength * Float32Array.BYTES_PER_ELEMENT);
  return (rows, { seed, purpose, step, microBatch }) => {
    const values = new Float32Array(rows.length);
    const stream = streamOf(purpose, step, microBatch, dequantisingDraw);
    for (let first = 0; first < rows.length; first += blockLength) {
      const count = Math.min(blockLength, rows.length - first);
      kernels.uniform(block, count, seed, stream, 0, 1, first);
      const uniform = kernels.float32(block, count);
      for (let i = 0; i < count; i++) values[first + i] = (rows[first + i]! + uniform[i]!) / 256;
    }
    return values;
  };
}

const dequantisingDraw = 2 ** 23; // beyond those that a model counts from 0

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

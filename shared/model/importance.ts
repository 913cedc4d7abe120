/**
 * A lower bound of log p(x) by importance sampling (Burda, Grosse and Salakhutdinov 2016, eq. 8):
 *
 *   L_k = E log 1/k sum_i w_i,  w_i = p(x | z_i) p(z_i) / q(z_i | x),  z_i from q(z | x)
 *
 * L_1 is the ELBO; L_k grows with k, to log p(x). Weights are taken a few samples at a time, and their logarithms
 * added up in float64 beside the largest so far, so that memory does not grow with k.
 *
 * b rows, K features, k samples of each row.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DrawKey } from './compute.ts';
import { generativeOf, type LoadedModel } from './loaded-model.ts';
import type { Draws, GenerativeModel, Posterior } from './model.ts';
import { constant } from './operations.ts';

type Tensor1D = tf.Tensor1D;
type Tensor2D = tf.Tensor2D;

const samplesAtOnce = 8; // of each row: for so many the rows are encoded again

/**
 * @param rows [b, K]
 * @param draw sample i of the rows is the i-th draw of this key, whatever k is
 * @returns L_k of each row, [b], in nats
 */
export async function importanceBounds(
  loaded: LoadedModel,
  rows: Tensor2D,
  sampleCount: number,
  draw: DrawKey,
): Promise<Float64Array> {
  const draws = loaded.runtime.draws(draw);
  const sums = createLogSums(rows.shape[0]);
  for (let first = 0; first < sampleCount; first += samplesAtOnce) {
    const count = Math.min(samplesAtOnce, sampleCount - first);
    const logWeights = tf.tidy(() => drawLogWeights(loaded, rows, count, draws)); // [count, b]
    sums.add(await logWeights.data<'float32'>());
    logWeights.dispose();
  }
  return sums.logMeans(sampleCount);
}

function drawLogWeights(loaded: LoadedModel, rows: Tensor2D, count: number, draws: Draws): Tensor2D {
  const { generative, parameters, mode } = generativeOf(loaded);
  const posterior = generative.encode(parameters, rows, mode);
  const decode = (latents: Tensor2D) => generative.decode(parameters, latents, mode);
  const weights = Array.from({ length: count }, () =>
    tf.tidy(() => logWeight(generative, posterior, decode, rows, draws)),
  );
  return tf.stack(weights) as Tensor2D;
}

/** log p(x | z) + log p(z) - log q(z | x), [b], at one z of each row. */
function logWeight(
  { latentCount }: GenerativeModel,
  posterior: Posterior,
  decode: (latents: Tensor2D) => ReturnType<GenerativeModel['decode']>,
  rows: Tensor2D,
  draws: Draws,
): Tensor1D {
  const noise = draws.standardNormal(posterior.mean.shape) as Tensor2D;
  const latents = posterior.sample(noise);
  const squares = tf.mul(tf.sum(tf.square(latents), 1), constant(-0.5));
  const logPrior = tf.add(squares, constant((-latentCount * Math.log(2 * Math.PI)) / 2));
  const logRatio = tf.sub(logPrior, posterior.logDensity(noise));
  return tf.sub(logRatio, decode(latents).negativeLogLikelihood(rows)) as Tensor1D;
}

/** For each of `length` rows, log sum exp of values that come in parts: beside each sum its largest value. */
export function createLogSums(length: number): {
  /** @param values [any, length] */
  add(values: ArrayLike<number>): void;
  /** log of the mean over `count` values. @returns [length] */
  logMeans(count: number): Float64Array;
} {
  const largest = new Float64Array(length).fill(-Infinity);
  const sums = new Float64Array(length); // of exp(value - largest)
  const addTo = (row: number, value: number): void => {
    const before = largest[row]!;
    if (value <= before) {
      sums[row]! += Number.isFinite(before) ? Math.exp(value - before) : 0;
      return;
    }
    sums[row] = sums[row]! * Math.exp(before - value) + 1;
    largest[row] = value;
  };
  return {
    add(values) {
      // NaN compares as false twice, and so is added: the sum becomes NaN, as it should.
      for (let index = 0; index < values.length; index++) addTo(index % length, values[index]!);
    },
    logMeans: (count) => largest.map((value, row) => value + Math.log(sums[row]! / count)),
  };
}

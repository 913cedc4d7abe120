/**
 * The evidence lower bound of single rows, in its two terms: ELBO = -(nll + kl) (Kingma and Welling 2014, eq. 3).
 *
 *   nll  -log p(x | z) at one z from the posterior of each row
 *   kl   of the posterior from the standard normal prior, sum_j -1/2 (1 + s_j - m_j^2 - exp s_j), s = log variance
 *
 * Terms leave the device row by row, and are added up in float64.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DrawKey } from './compute.ts';
import { generativeOf, type LoadedModel } from './loaded-model.ts';
import { constant } from './operations.ts';

type Tensor2D = tf.Tensor2D;

export interface Bounds {
  readonly nll: Float64Array; // [b], nats
  readonly kl: Float64Array; // [b]
  readonly posteriorMeans: Float32Array; // [b, latentCount]
}

/** @param rows features [b, K] */
export async function boundsOf(loaded: LoadedModel, rows: Tensor2D, draw: DrawKey): Promise<Bounds> {
  const tensors = tf.tidy(() => {
    const { generative, parameters, mode } = generativeOf(loaded);
    const posterior = generative.encode(parameters, rows, mode);
    const { mean, logVariance } = posterior;
    const noise = loaded.runtime.draws(draw).standardNormal(mean.shape) as Tensor2D;
    const output = generative.decode(parameters, posterior.sample(noise), mode);
    const excess = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, constant(1)));
    const kl = tf.mul(tf.sum(excess, 1), constant(0.5));
    return [output.negativeLogLikelihood(rows), kl, tf.clone(mean)] as const;
  });
  const [nll, kl, posteriorMeans] = [
    await tensors[0].data<'float32'>(),
    await tensors[1].data<'float32'>(),
    await tensors[2].data<'float32'>(),
  ];
  tf.dispose([...tensors]);
  return { nll: Float64Array.from(nll), kl: Float64Array.from(kl), posteriorMeans };
}

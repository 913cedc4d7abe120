/**
 * The variational autoencoder (Kingma and Welling 2014), with the architecture of Keng's on SVHN.
 *
 *   encoder  rows [b, K] -> batch norm -> shared blocks -> two branches -> mean, logVariance [b, latent]
 *   latents  z = mean + exp(logVariance / 2) * noise
 *   decoder  z -> blocks -> output distribution of the row (output.ts)
 *
 * Loss, summed over rows: nll + klWeight * kl, where for each latent
 * kl = -1/2 (1 + logVariance - mean^2 - exp(logVariance)), the divergence from the standard normal prior.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  batchNorm,
  batchNormArchitecture,
  dense,
  denseArchitecture,
  joinArchitectures,
  passOf,
  stack,
  stackArchitecture,
  type Pass,
} from '../layers.ts';
import type { Loss, Model, ModelBatch, Output, Posterior } from '../model.ts';
import { constant } from '../operations.ts';
import type { ModelSettings } from '../settings.ts';
import { createOutputLayer } from './output.ts';
import { varianceHeadOf } from './variants.ts';

type Tensor2D = tf.Tensor2D;

/** Of its layers, for whoever takes it apart (fold.ts). */
export const inputName = 'encoder/input';
export const sharedName = 'encoder/shared';
export const decoderName = 'decoder/hidden';
export const branches = { mean: 'encoder/mean', logVariance: 'encoder/logVariance' } as const;

/**
 * @param featureCount K: values of a row
 * @param onPixels whether they are pixels rather than principal components
 * @throws LockstepError (64) when the settings do not go together
 */
export function createVae(settings: ModelSettings, featureCount: number, onPixels: boolean): Model {
  const { latent, width, decoderBlocks, dropout } = settings;
  const head = varianceHeadOf(settings, onPixels);
  const output = createOutputLayer(settings, head, decoderBlocks > 0 ? width : latent, featureCount);
  const decode = (pass: Pass, latents: Tensor2D) =>
    output.apply(pass, stack(pass, decoderName, latents, decoderBlocks, dropout));
  const architecture = joinArchitectures(
    encoderArchitecture(settings, featureCount),
    stackArchitecture(decoderName, latent, width, decoderBlocks),
    output.architecture,
  );
  return {
    name: 'vae',
    ...architecture,
    termNames: ['nll', 'kl', 'squaredError'],
    lossSum(parameters, batch, draws, mode, { klWeight }) {
      const pass = passOf(parameters, draws, mode);
      const posterior = encode(settings, pass, batch.rows);
      const noise = draws.standardNormal(posterior.mean.shape) as Tensor2D;
      const decoded = decode(pass, posterior.sample(noise));
      return lossOf(batch, posterior, decoded, klWeight, settings.freeBits);
    },
    generative: {
      latentCount: latent,
      isDensity: settings.likelihood !== 'bernoulli',
      encode: (parameters, rows, mode) => encode(settings, { ...mode, parameters }, rows),
      decode: (parameters, latents, mode) => decode({ ...mode, parameters }, latents),
    },
  };
}

function encoderArchitecture(
  { width, latent, encoderBlocks, branchBlocks }: ModelSettings,
  featureCount: number,
) {
  const sharedSize = encoderBlocks > 0 ? width : featureCount;
  const branchSize = branchBlocks > 0 ? width : sharedSize;
  return joinArchitectures(
    batchNormArchitecture(inputName, featureCount),
    stackArchitecture(sharedName, featureCount, width, encoderBlocks),
    ...Object.values(branches).flatMap((name) => [
      stackArchitecture(name, sharedSize, width, branchBlocks),
      denseArchitecture(`${name}/output`, branchSize, latent),
    ]),
  );
}

function encode(settings: ModelSettings, pass: Pass, rows: Tensor2D): Posterior {
  const { encoderBlocks, branchBlocks, dropout, sampling } = settings;
  const shared = stack(pass, sharedName, batchNorm(pass, inputName, rows), encoderBlocks, dropout);
  const branch = (name: string) =>
    dense(pass, `${name}/output`, stack(pass, name, shared, branchBlocks, dropout));
  const mean = branch(branches.mean);
  const logVariance = branch(branches.logVariance);
  // The post's own run drew with exp(logVariance) where the deviation, exp(logVariance / 2), belongs.
  const logScale = (): Tensor2D =>
    sampling === 'original' ? logVariance : tf.mul(logVariance, constant(0.5));
  return {
    mean,
    logVariance,
    sample: (noise) => tf.add(mean, tf.mul(tf.exp(logScale()), noise)),
    logDensity(noise) {
      const logNormal = tf.add(
        tf.mul(tf.square(noise), constant(-0.5)),
        constant(-0.5 * Math.log(2 * Math.PI)),
      );
      return tf.sum(tf.sub(logNormal, logScale()), 1) as tf.Tensor1D;
    },
  };
}

function lossOf(
  { rows }: ModelBatch,
  { mean, logVariance }: Posterior,
  output: Output,
  klWeight: number,
  freeBits: number,
): Loss {
  const excess = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, constant(1)));
  const klOfLatents = tf.mul(tf.sum(excess, 0), constant(0.5)) as tf.Tensor1D; // [latent], summed over rows
  const kl = tf.sum(klOfLatents) as tf.Scalar;
  const nll = tf.sum(output.negativeLogLikelihood(rows)) as tf.Scalar;
  const squaredError = tf.sum(tf.squaredDifference(rows, output.mean())) as tf.Scalar;
  // Free bits (Kingma et al. 2016, eq. 15): the mean over the micro-batch, of each latent, is what is free.
  const paid = freeBits > 0 ? tf.sum(tf.maximum(klOfLatents, constant(freeBits * rows.shape[0]))) : kl;
  return {
    loss: tf.add(nll, tf.mul(paid, tf.scalar(klWeight))) as tf.Scalar, // changes: no constant
    terms: { nll, kl, squaredError },
  };
}

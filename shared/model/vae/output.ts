/**
 * The output distribution p(x | z): its parameters, its negative log-likelihood and its draws.
 *
 * Gaussian outputs differ only in where their variance comes from. NLL, in nats, summed over components:
 *
 *   Gaussian   1/2 ln 2 pi + 1/2 ln v + (x - mean)^2 / (2 v)
 *   Bernoulli  softplus(l) - x l, at logits l: -x ln p - (1 - x) ln(1 - p) without overflow
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Initialiser, ParameterSpec } from '../../math/layout.ts';
import {
  block,
  blockArchitecture,
  dense,
  denseArchitecture,
  joinArchitectures,
  parameterOf,
  type Architecture,
  type Pass,
} from '../layers.ts';
import type { Output } from '../model.ts';
import { constant } from '../operations.ts';
import type { ModelSettings } from '../settings.ts';
import type { VarianceHead } from './variants.ts';

type Tensor2D = tf.Tensor2D;

export interface OutputLayer {
  readonly architecture: Architecture;
  /** The output at the decoder's last hidden layer, h [b, width]. */
  apply(pass: Pass, h: Tensor2D): Output;
}

export const meanName = 'decoder/mean';
const varianceName = 'decoder/variance';
const sharedName = 'decoder/logVariance';

/** A small first scale, so that the log-variance starts near 0 whatever the input is. */
const logVarianceInitialiser: Initialiser = { kind: 'normal', deviation: 0.001 };

/** @param hiddenSize values of h @param featureCount K */
export function createOutputLayer(
  settings: ModelSettings,
  head: VarianceHead,
  hiddenSize: number,
  featureCount: number,
): OutputLayer {
  const mean = denseArchitecture(meanName, hiddenSize, featureCount);
  const variance = varianceArchitecture(settings, head, hiddenSize, featureCount);
  return {
    architecture: joinArchitectures(mean, variance),
    apply(pass, h) {
      const location = dense(pass, meanName, h);
      if (settings.likelihood === 'bernoulli') return bernoulli(location);
      return gaussian(location, applyVariance(settings, head, pass, h));
    },
  };
}

function varianceArchitecture(
  settings: ModelSettings,
  head: VarianceHead,
  hiddenSize: number,
  featureCount: number,
): Architecture {
  if (head === 'none') return joinArchitectures();
  if (head === 'shared') {
    return { parameters: [{ name: sharedName, shape: [1], initialiser: { kind: 'zeros' } }], statistics: [] };
  }
  const hidden = blockArchitecture(varianceName, hiddenSize, featureCount);
  const last = `${varianceName}/output`;
  if (settings.likelihood === 'logVariance') {
    const linear = denseArchitecture(last, featureCount, featureCount, logVarianceInitialiser);
    return joinArchitectures(hidden, penalised(linear, settings.varianceL2));
  }
  const whole = joinArchitectures(hidden, denseArchitecture(last, featureCount, featureCount));
  return head === 'frozen' ? frozen(whole) : whole;
}

/** Weights with an L2 penalty; biases go free. */
const penalised = (architecture: Architecture, l2: number): Architecture => ({
  ...architecture,
  parameters: architecture.parameters.map((spec): ParameterSpec =>
    spec.name.endsWith('/kernel') && l2 > 0 ? { ...spec, l2 } : spec,
  ),
});

const frozen = (architecture: Architecture): Architecture => ({
  ...architecture,
  parameters: architecture.parameters.map((spec): ParameterSpec => ({ ...spec, frozen: true })),
});

/** Both forms, since the likelihood needs both; of a shape that broadcasts to [b, K]. */
interface Variance {
  readonly variance: tf.Tensor;
  readonly logVariance: tf.Tensor;
}

function applyVariance(settings: ModelSettings, head: VarianceHead, pass: Pass, h: Tensor2D): Variance {
  if (head === 'none') {
    const { fixedVariance } = settings;
    return { variance: constant(fixedVariance), logVariance: constant(Math.log(fixedVariance)) };
  }
  if (head === 'shared') {
    const logVariance = parameterOf(pass.parameters, sharedName);
    return { variance: tf.exp(logVariance), logVariance };
  }
  const raw = dense(pass, `${varianceName}/output`, block(pass, varianceName, h, settings.dropout));
  if (settings.likelihood === 'logVariance') return { variance: tf.exp(raw), logVariance: raw };
  const variance = tf.add(tf.relu(raw), constant(settings.varianceFloor));
  return { variance, logVariance: tf.log(variance) };
}

function gaussian(mean: Tensor2D, { variance, logVariance }: Variance): Output {
  return {
    mean: () => mean,
    variance: () => tf.broadcastTo(variance, mean.shape) as Tensor2D,
    negativeLogLikelihood(rows) {
      const distance = tf.div(tf.square(tf.sub(rows, mean)), variance);
      const variable = tf.mul(tf.sum(tf.add(distance, logVariance), 1), constant(0.5));
      return tf.add(variable, constant((mean.shape[1] * Math.log(2 * Math.PI)) / 2)) as tf.Tensor1D;
    },
    sample: (noise) => tf.add(mean, tf.mul(tf.sqrt(variance), noise)) as Tensor2D,
  };
}

function bernoulli(logits: Tensor2D): Output {
  const mean = (): Tensor2D => tf.sigmoid(logits);
  return {
    mean,
    variance: () => tf.mul(tf.sigmoid(logits), tf.sigmoid(tf.neg(logits))),
    negativeLogLikelihood: (rows) =>
      tf.sum(tf.sub(tf.softplus(logits), tf.mul(rows, logits)), 1) as tf.Tensor1D,
    sample(noise) {
      // The normal distribution function makes the noise uniform: 1 with probability p.
      const uniform = tf.mul(
        tf.add(tf.erf(tf.mul(noise, constant(Math.SQRT1_2))), constant(1)),
        constant(0.5),
      );
      return tf.cast(tf.less(uniform, mean()), 'float32') as Tensor2D;
    },
  };
}

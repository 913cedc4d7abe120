/**
 * What the trainer asks of a model. Nothing above `shared/model` knows what an encoder is.
 *
 * A model is a set of named parameters and pure functions of them, written with TensorFlow.js operations.
 */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../math/layout.ts';
import type { StepSettings } from './compute.ts';

/** The parameters, trained and frozen, by name. */
export type Parameters = Readonly<Record<string, Tensor>>;

export interface ModelBatch {
  readonly rows: Tensor2D; // [b, K]: features, after projection
  readonly labels: Tensor1D | null; // [b], int32
}

/** Random draws of one micro-batch. Each call is one independent stream, numbered in the order of calls. */
export interface Draws {
  /** 0 with probability `rate`, else 1 / (1 - rate): inverted dropout. */
  dropoutMask(shape: readonly number[], rate: number): Tensor;
  /** x times a mask that would be the next `dropoutMask`, where a device has a quicker way to it. */
  dropOut?(x: Tensor, rate: number): Tensor;
  standardNormal(shape: readonly number[]): Tensor;
}

/** A batch-norm layer: the values of its running statistics are `mean` and biased `variance`, [size] each. */
export interface StatisticsSpec {
  readonly name: string;
  readonly size: number;
}

export interface TrainingMode {
  readonly kind: 'training';
  /** Told of each batch-norm layer's mean and biased variance over this batch. */
  readonly observe?: (name: string, mean: Tensor1D, variance: Tensor1D) => void;
}

export interface EvaluationMode {
  readonly kind: 'evaluation';
  readonly statistics: Readonly<Record<string, { readonly mean: Tensor1D; readonly variance: Tensor1D }>>;
  /** Drop out as in training: for the shape of the loss that was trained (loss-surface.ts). */
  readonly dropsOut?: boolean;
}

export type Mode = TrainingMode | EvaluationMode;

export interface Loss {
  readonly loss: Scalar; // summed over samples: what is differentiated
  readonly terms: Readonly<Record<string, Scalar>>; // summed over samples, without `loss`
}

export interface Model {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticsSpec[];
  readonly termNames: readonly string[]; // without `loss`
  lossSum(parameters: Parameters, batch: ModelBatch, draws: Draws, mode: Mode, settings: StepSettings): Loss;
  readonly generative?: GenerativeModel;
  /** What to say of an error that computing it has thrown; without, it is a bug of ours. */
  readonly explain?: (error: unknown) => Error;
}

/** What pictures and bounds need; given by models of latent variables whose prior is standard normal. */
export interface GenerativeModel {
  readonly latentCount: number;
  /** Whether p(x | z) is a density over real values, and not a probability of outcomes. */
  readonly isDensity: boolean;
  encode(parameters: Parameters, rows: Tensor2D, mode: EvaluationMode): Posterior;
  /** @param latents [b, latentCount] */
  decode(parameters: Parameters, latents: Tensor2D, mode: EvaluationMode): Output;
}

/** q(z | x) of each row. */
export interface Posterior {
  readonly mean: Tensor2D; // [b, latentCount]
  readonly logVariance: Tensor2D; // [b, latentCount]
  /** Latents by standard normal noise [b, latentCount], as the model was trained. */
  sample(noise: Tensor2D): Tensor2D;
  /** Log density, [b], of the latents that `sample` makes of the noise. */
  logDensity(noise: Tensor2D): Tensor1D;
}

/** p(x | z) of each row: a distribution over its K values, independently. */
export interface Output {
  mean(): Tensor2D; // [b, K]
  variance(): Tensor2D; // [b, K]
  /** -log p(x | z), [b], in nats. */
  negativeLogLikelihood(rows: Tensor2D): Tensor1D;
  /** A draw by standard normal noise [b, K]. */
  sample(noise: Tensor2D): Tensor2D;
}

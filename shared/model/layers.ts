/**
 * Layers as pairs of functions: one that names the parameters, and one that computes.
 *
 * A block is Dense, batch norm, ReLU and dropout. The bias of Dense is kept although batch norm cancels it,
 * so that parameter counts agree with those of Keras; in training it is not added (training-block.ts).
 */
import * as tf from '@tensorflow/tfjs-core';
import { glorotUniform, type Initialiser, type ParameterSpec } from '../math/layout.ts';
import { batchNormTraining } from './operations.ts';
import type { Draws, EvaluationMode, Mode, Parameters, StatisticsSpec, TrainingMode } from './model.ts';
import { trainingBlock, type BlockParameters } from './training-block.ts';

export const batchNormEpsilon = 1e-3; // as Keras has it

/** One run through a network: its parameters, and what batch norm and dropout do. */
export type Pass =
  | (TrainingMode & { readonly parameters: Parameters; readonly draws: Draws })
  | (EvaluationMode & { readonly parameters: Parameters; readonly draws?: Draws }); // draws where it drops out

/** What a loss is given, as the layers take it. */
export const passOf = (parameters: Parameters, draws: Draws, mode: Mode): Pass =>
  mode.kind === 'training' || mode.dropsOut === true
    ? { ...mode, parameters, draws }
    : { ...mode, parameters };

/** What a part of a network adds to the model. */
export interface Architecture {
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticsSpec[];
}

export const joinArchitectures = (...parts: readonly Architecture[]): Architecture => ({
  parameters: parts.flatMap((part) => part.parameters),
  statistics: parts.flatMap((part) => part.statistics),
});

export const denseArchitecture = (
  name: string,
  inputSize: number,
  outputSize: number,
  kernelInitialiser: Initialiser = glorotUniform(inputSize, outputSize),
): Architecture => ({
  parameters: [
    { name: `${name}/kernel`, shape: [inputSize, outputSize], initialiser: kernelInitialiser },
    { name: `${name}/bias`, shape: [outputSize], initialiser: { kind: 'zeros' } },
  ],
  statistics: [],
});

/** x [b, inputSize] to [b, outputSize]. */
export const dense = ({ parameters }: Pass, name: string, x: tf.Tensor2D): tf.Tensor2D =>
  tf.fused.matMul({
    a: x,
    b: parameterOf(parameters, `${name}/kernel`),
    bias: parameterOf(parameters, `${name}/bias`),
  }) as tf.Tensor2D;

export const batchNormArchitecture = (name: string, size: number): Architecture => ({
  parameters: [
    { name: `${name}/gamma`, shape: [size], initialiser: { kind: 'constant', value: 1 } },
    { name: `${name}/beta`, shape: [size], initialiser: { kind: 'zeros' } },
  ],
  statistics: [{ name, size }],
});

/** Normalises x [b, size]: by the batch's own moments in training, by the given ones in evaluation. */
export function batchNorm(pass: Pass, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const gamma = parameterOf(pass.parameters, `${name}/gamma`) as tf.Tensor1D;
  const beta = parameterOf(pass.parameters, `${name}/beta`) as tf.Tensor1D;
  if (pass.kind === 'training') {
    if (pass.observe !== undefined) {
      const { mean, variance } = tf.moments(x, 0);
      pass.observe(name, mean as tf.Tensor1D, variance as tf.Tensor1D);
    }
    return batchNormTraining(x, gamma, beta, batchNormEpsilon);
  }
  const moments = pass.statistics[name];
  if (moments === undefined) throw new Error(`no statistics of ${name}`);
  return tf.batchNorm2d(x, moments.mean, moments.variance, beta, gamma, batchNormEpsilon);
}

export const blockArchitecture = (name: string, inputSize: number, size: number): Architecture =>
  joinArchitectures(
    denseArchitecture(`${name}/dense`, inputSize, size),
    batchNormArchitecture(`${name}/norm`, size),
  );

/** Dense, batch norm, ReLU, dropout: x [b, inputSize] to [b, size]. */
export function block(pass: Pass, name: string, x: tf.Tensor2D, dropoutRate: number): tf.Tensor2D {
  if (pass.kind === 'training' && pass.observe === undefined) {
    return trainingBlock(x, blockParametersOf(pass, name), batchNormEpsilon, dropoutRate, pass.draws);
  }
  const active = tf.relu(batchNorm(pass, `${name}/norm`, dense(pass, `${name}/dense`, x)));
  if (pass.draws === undefined || dropoutRate === 0) return active;
  return tf.mul(active, pass.draws.dropoutMask(active.shape, dropoutRate));
}

const blockParametersOf = ({ parameters }: Pass, name: string): BlockParameters => ({
  kernel: parameterOf(parameters, `${name}/dense/kernel`) as tf.Tensor2D,
  bias: parameterOf(parameters, `${name}/dense/bias`) as tf.Tensor1D,
  gamma: parameterOf(parameters, `${name}/norm/gamma`) as tf.Tensor1D,
  beta: parameterOf(parameters, `${name}/norm/beta`) as tf.Tensor1D,
});

export const stackArchitecture = (
  name: string,
  inputSize: number,
  size: number,
  count: number,
): Architecture =>
  joinArchitectures(
    ...Array.from({ length: count }, (_, index) =>
      blockArchitecture(`${name}/${index + 1}`, index === 0 ? inputSize : size, size),
    ),
  );

/** `count` blocks, one after another. */
export function stack(
  pass: Pass,
  name: string,
  x: tf.Tensor2D,
  count: number,
  dropoutRate: number,
): tf.Tensor2D {
  let at = x;
  for (let index = 1; index <= count; index++) at = block(pass, `${name}/${index}`, at, dropoutRate);
  return at;
}

/** @throws Error when the parameters are not those of the architecture: our bug */
export function parameterOf(parameters: Parameters, name: string): tf.Tensor {
  const parameter = parameters[name];
  if (parameter === undefined) throw new Error(`no parameter ${name}`);
  return parameter;
}

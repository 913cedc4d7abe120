/**
 * What `import … from 'lockstep'` gives to a module with a model of one's own: `defineModel`, the layers and
 * operations that the built-in model is made of, and the TensorFlow.js that computes it. docs/models.md has it
 * step by step.
 */
export * as tf from '@tensorflow/tfjs-core';
export type { ImageShape } from '../data/dataset.ts';
export { glorotUniform, type Initialiser, type ParameterSpec } from '../math/layout.ts';
export type { StepSettings } from './compute.ts';
export { defineModel, type ModelContext, type ModelDefinition, type ModelFactory } from './define-model.ts';
export {
  batchNorm,
  batchNormArchitecture,
  block,
  blockArchitecture,
  dense,
  denseArchitecture,
  joinArchitectures,
  passOf,
  stack,
  stackArchitecture,
  type Architecture,
  type Pass,
} from './layers.ts';
export type {
  Draws,
  EvaluationMode,
  GenerativeModel,
  Loss,
  Mode,
  Model,
  ModelBatch,
  Output,
  Parameters,
  Posterior,
  StatisticsSpec,
  TrainingMode,
} from './model.ts';
export { constant } from './operations.ts';
export type { ModelSettings } from './settings.ts';

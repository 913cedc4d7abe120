/**
 * A model of one's own: a module whose default export is what `defineModel` returns, for `--model ./my-model.js`.
 *
 * What is asked of it is what the trainer asks of every model (model.ts): named parameters, and a loss that is
 * summed over the rows of a micro-batch, a pure function of parameters, rows, labels and draws. Then all that
 * Lockstep promises holds for it: bits that no cluster changes, exact resuming, noise scale, reports.
 */
import type { ImageShape } from '../data/dataset.ts';
import type { Model } from './model.ts';
import type { ModelSettings } from './settings.ts';

/** What a model may depend on. */
export interface ModelContext {
  readonly image: ImageShape; // of the data
  readonly components: number | null; // principal components of a row; null: a row is the image's pixels
  /** Values of a row: `components`, or height * width * channels pixels in [0, 1], channels together. */
  readonly featureCount: number;
  /** `--width`, `--latent`, `--dropout` and so on, for the model to make use of, or not. */
  readonly settings: ModelSettings;
}

export type ModelFactory = (context: ModelContext) => Model;

const mark = Symbol.for('lockstep.model'); // the same in every copy of this package

/** What a module exports by default. */
export interface ModelDefinition {
  readonly create: ModelFactory;
}

/**
 * @param create makes the model for some data; called once in each process. What it throws becomes one line:
 *   `throw new Error('needs labels: ...')` is how a model says what it needs
 */
export function defineModel(create: ModelFactory): ModelDefinition {
  const definition: ModelDefinition = { create };
  Object.defineProperty(definition, mark, { value: true });
  return definition;
}

export const isModelDefinition = (value: unknown): value is ModelDefinition =>
  typeof value === 'object' && value !== null && mark in value;

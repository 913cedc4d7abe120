/**
 * The built-in models by name: what `--model` chooses from. A new one is one file, and one line here; one that is
 * not built in is a module of somebody's own (open-model.ts).
 */
import { usageError } from '../errors.ts';
import { rowLength, type ImageShape } from '../data/dataset.ts';
import type { Model } from './model.ts';
import type { ModelSettings } from './settings.ts';
import { createVae } from './vae/vae.ts';

export interface ModelChoice extends ModelSettings {
  readonly model: string;
  readonly components: number | null; // K, or null for pixels
}

type ModelFactory = (settings: ModelSettings, featureCount: number, onPixels: boolean) => Model;

const models: Readonly<Record<string, ModelFactory>> = { vae: createVae };

/** Values of a row as the model sees it: K, or D for pixels. */
export const featureCountOf = (components: number | null, image: ImageShape): number =>
  components ?? rowLength(image);

/** @throws LockstepError (64) for an unknown name, too many components, or settings that do not go together */
export function createModel(choice: ModelChoice, image: ImageShape): Model {
  const factory = Object.hasOwn(models, choice.model) ? models[choice.model] : undefined;
  if (factory === undefined) {
    const known = Object.keys(models).join(' or ');
    throw usageError(
      `--model ${choice.model} is unknown, expected ${known}, or a file such as ./my-model.js`,
    );
  }
  const { components } = choice;
  checkComponents(components, image);
  return factory(choice, featureCountOf(components, image), components === null);
}

/** @throws LockstepError (64) for more components than an image has values */
export function checkComponents(components: number | null, image: ImageShape): void {
  if (components !== null && components > rowLength(image)) {
    const { width, height, channels } = image;
    throw usageError(
      `--components ${components} is more than the ${rowLength(image)} values of an image of ` +
        `${width} x ${height} x ${channels}: give at most that many, or none`,
    );
  }
}

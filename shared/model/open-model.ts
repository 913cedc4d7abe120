/** The model that `--model` names, wherever it comes from: built in, or in a module of somebody's own. */
import { exitCodes, LockstepError } from '../errors.ts';
import type { ImageShape } from '../data/dataset.ts';
import { isModelDefinition, type ModelContext, type ModelDefinition } from './define-model.ts';
import { modelSettingsOf, type ModelSettings } from './settings.ts';
import type { Model } from './model.ts';
import { problemOf } from './module/check-model.ts';
import { guarded, guardModel, moduleError } from './module/guard-model.ts';
import { importModule } from './module/import-module.ts';
import { checkModuleHash, isModulePath } from './module/module-file.ts';
import { checkComponents, createModel, featureCountOf, type ModelChoice } from './registry.ts';

export interface OpenChoice extends ModelChoice {
  readonly modelHash: string | null; // of the module that the run is of
}

/**
 * @throws LockstepError: 64 as `createModel`; 78 for a module that is missing, another one than the run's, or
 *   makes no model
 */
export async function openModel(choice: OpenChoice, image: ImageShape): Promise<Model> {
  const { model: path, modelHash, components } = choice;
  if (!isModulePath(path)) return createModel(choice, image);
  checkComponents(components, image);
  checkModuleHash(path, modelHash, exitCodes.configuration);
  const definition = await definitionIn(path);
  const context: ModelContext = {
    image,
    components,
    featureCount: featureCountOf(components, image),
    settings: modelSettingsOf(choice satisfies ModelSettings),
  };
  const model = guarded(path, 'create', () => definition.create(context));
  const problem = problemOf(model);
  if (problem !== null) throw moduleError(path, problem);
  return guardModel(path, model);
}

async function definitionIn(path: string): Promise<ModelDefinition> {
  let found: Record<string, unknown>;
  try {
    found = await importModule(path);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw moduleError(path, `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const definition = found['default'];
  if (isModelDefinition(definition)) return definition;
  const got = 'default' in found ? 'its default export is something else' : 'it has no default export';
  throw moduleError(path, `${got}, expected \`export default defineModel(…)\``);
}

/**
 * Whether the model that the workers built is the one that a checkpoint is of.
 *
 * A run that goes on needs the whole of it. A run that only begins with a checkpoint's parameters may be trained
 * otherwise (penalties, first values), but its [P] must mean the same: the same parameters in the same order.
 * Frozen parameters are made from their initialisers and the seed, so those must be the same too.
 */
import { isDeepStrictEqual } from 'node:util';
import { dataError } from '../../shared/errors.ts';
import type { ParameterSpec } from '../../shared/math/layout.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';

/** @throws LockstepError (65) where a run that is resumed has another model */
export function checkResumedModel(resumed: ModelDescription, model: ModelDescription): void {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  if (isDeepStrictEqual(plain(resumed), plain(model))) return;
  throw dataError(
    `the checkpoint is of another model than the workers built (${resumed.name}, ` +
      `${resumed.parameters.length} parameters by name, against ${model.name}, ${model.parameters.length}): ` +
      'resume with the configuration and the version that it was trained with',
  );
}

/** @throws LockstepError (65) naming the first parameter that differs */
export function checkInitialModel(path: string, initial: ModelDescription, model: ModelDescription): void {
  const count = Math.max(initial.parameters.length, model.parameters.length);
  for (let index = 0; index < count; index += 1) {
    const got = describe(initial.parameters[index]) ?? 'missing';
    const expected = describe(model.parameters[index]) ?? 'none';
    if (got === expected) continue;
    throw dataError(
      `--init-from ${path}: its parameter ${index + 1} is ${got}, expected ` +
        `${expected}, as this run's model has it; give the run the settings that the checkpoint was trained with`,
    );
  }
}

/** All of a parameter that its place in [P], or its frozen value, depends on. */
function describe(spec: ParameterSpec | undefined): string | null {
  if (spec === undefined) return null;
  const { name, shape, frozen, initialiser } = spec;
  return `${name} [${shape.join(', ')}]${frozen === true ? `, frozen at ${JSON.stringify(initialiser)}` : ''}`;
}

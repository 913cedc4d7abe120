/**
 * A model of somebody's own, watched: what its functions throw or return wrongly becomes one line that names the
 * module and the function.
 */
import * as tf from '@tensorflow/tfjs-core';
import { configurationError, LockstepError } from '../../errors.ts';
import type { GenerativeModel, Loss, Model } from '../model.ts';
import { isOutOfMemory } from '../out-of-memory.ts';

/** @param path of the module, for messages */
export function guardModel(path: string, model: Model): Model {
  const { lossSum, generative } = model;
  return {
    ...model,
    lossSum: (...inputs) =>
      guarded(path, 'lossSum', () => {
        const loss = lossSum.apply(model, inputs);
        const problem = problemOfLoss(loss, model.termNames);
        if (problem !== null) throw new Error(problem);
        return loss;
      }),
    explain: (error) =>
      error instanceof LockstepError ? error : moduleError(path, gradientProblem(textOf(error))),
    ...(generative !== undefined && { generative: guardGenerative(path, generative) }),
  };
}

const guardGenerative = (path: string, generative: GenerativeModel): GenerativeModel => ({
  ...generative,
  encode: (...inputs) => guarded(path, 'encode', () => generative.encode(...inputs)),
  decode: (...inputs) => guarded(path, 'decode', () => generative.decode(...inputs)),
});

/** @throws LockstepError (78) in place of anything but a lack of memory, which is explained elsewhere */
export function guarded<T>(path: string, what: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof LockstepError || isOutOfMemory(error)) throw error;
    throw moduleError(path, `${what} failed: ${textOf(error)}`);
  }
}

/** TensorFlow.js has one sentence for any number of parameters, and names none. */
const gradientProblem = (text: string): string =>
  text.startsWith('Cannot compute gradient of y=f(x)')
    ? 'a parameter has no part in the loss: use it, or mark it `frozen: true`'
    : `its gradient failed: ${text}`;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const moduleError = (path: string, what: string): LockstepError =>
  configurationError(
    `--model ${path}: ${what.replaceAll(/\s+/g, ' ').trim().slice(0, 500)}; correct it there`,
  );

function problemOfLoss(value: unknown, termNames: readonly string[]): string | null {
  const { loss, terms } = (value ?? {}) as Partial<Loss>;
  const wrong = problemOfScalar('loss', loss);
  if (wrong !== null) return wrong;
  for (const name of termNames) {
    const problem = problemOfScalar(`terms.${name}`, terms?.[name]);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOfScalar(name: string, value: unknown): string | null {
  const expected = 'expected a scalar of float32, summed over rows';
  if (!(value instanceof tf.Tensor)) return `it returned no tensor as ${name}, ${expected}`;
  if (value.shape.length === 0 && value.dtype === 'float32') return null;
  return `it returned ${name} as ${value.dtype} [${value.shape.join(', ')}], ${expected}`;
}

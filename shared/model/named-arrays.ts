/** What a loaded model consists of, read back from its device by name: parameters and batch-norm moments. */
import assert from 'node:assert';
import type { LoadedModel } from './loaded-model.ts';

export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Moments {
  readonly mean: Float32Array; // [size]
  readonly variance: Float32Array; // [size], biased
}

export interface NamedArrays {
  readonly parameters: readonly NamedArray[]; // trained and frozen, in the model's order
  parameter(name: string): NamedArray;
  moments(name: string): Moments;
}

/** @throws AssertionError for what was never set, or a name that the model does not have: our bug */
export async function readArrays(loaded: LoadedModel): Promise<NamedArrays> {
  const tensors = loaded.named();
  const parameters = new Map<string, NamedArray>();
  for (const { name, shape } of loaded.model.parameters) {
    const values = (await tensors[name]!.data()) as Float32Array;
    parameters.set(name, { name, shape, values });
  }
  const moments = new Map<string, Moments>();
  const { statistics } = loaded.statistics.mode();
  for (const { name } of loaded.model.statistics) {
    const { mean, variance } = statistics[name]!;
    moments.set(name, {
      mean: await mean.data<'float32'>(),
      variance: await variance.data<'float32'>(),
    });
  }
  return {
    parameters: [...parameters.values()],
    parameter: (name) => found(parameters.get(name), name),
    moments: (name) => found(moments.get(name), name),
  };
}

function found<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `the model has no ${name}`);
  return value;
}

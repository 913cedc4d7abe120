/**
 * The parameters of a model on a device: the trained ones cut out of [P], the frozen ones made from the seed.
 */
import assert from 'node:assert';
import type { Tensor } from '@tensorflow/tfjs-core';
import { dispose } from '@tensorflow/tfjs-core';
import { initialiseFrozen } from '../math/initialise.ts';
import { createKernels } from '../math/kernels.ts';
import type { Layout, LayoutEntry } from '../math/layout.ts';
import type { Parameters } from './model.ts';
import type { Runtime } from './runtime.ts';

export interface ParameterStore {
  /** Takes a copy of [P]. */
  set(values: Float32Array): void;
  /** Whether the tensors hold these values of [P], bit for bit. */
  holds(values: Float32Array): Promise<boolean>;
  /** The trained parameters, in layout order. */
  trained(): readonly Tensor[];
  /** All parameters by name. */
  named(): Parameters;
  /** These, looked up only when they are asked for, beside the frozen ones. */
  withFrozen(trained: Parameters): Parameters;
  dispose(): void;
}

/** @param seed of the run: frozen parameters keep the values that it gives them */
export function createParameterStore(layout: Layout, runtime: Runtime, seed: number): ParameterStore {
  const cut = (entry: LayoutEntry, values: Float32Array): Tensor =>
    runtime.upload(values.subarray(entry.offset, entry.offset + entry.length), entry.shape);
  const frozenValues = frozenParameters(layout, seed);
  const frozen = layout.frozen.map((entry) => cut(entry, frozenValues));
  const namedFrozen = byName(layout.frozen, frozen);
  let trained: Tensor[] | null = null;
  const current = (): readonly Tensor[] => {
    assert(trained !== null, 'parameters are needed before they were set');
    return trained;
  };
  return {
    set(values) {
      assert.equal(values.length, layout.parameterCount, 'values of [P]');
      dispose(trained ?? []); // first, so that two copies never fill the device
      trained = layout.trained.map((entry) => cut(entry, values));
    },
    async holds(values) {
      for (const [index, { offset, length }] of layout.trained.entries()) {
        const found = (await tensorAt(current(), index).data()) as Float32Array;
        if (!bytesOf(found).equals(bytesOf(values.subarray(offset, offset + length)))) return false;
      }
      return true;
    },
    trained: current,
    named: () => ({ ...namedFrozen, ...byName(layout.trained, current()) }),
    withFrozen: (tensors) =>
      Object.defineProperties({ ...namedFrozen }, Object.getOwnPropertyDescriptors(tensors)),
    dispose: () => dispose([...frozen, ...(trained ?? [])]),
  };
}

function frozenParameters(layout: Layout, seed: number): Float32Array {
  if (layout.frozenCount === 0) return new Float32Array();
  const bytes = layout.frozenCount * Float32Array.BYTES_PER_ELEMENT;
  const kernels = createKernels(bytes);
  const offset = kernels.allocate(bytes);
  initialiseFrozen(layout, seed, kernels, offset);
  return kernels.float32(offset, layout.frozenCount);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const byName = (entries: readonly LayoutEntry[], tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(entries.map(({ name }, index) => [name, tensorAt(tensors, index)]));

function tensorAt(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  assert(tensor !== undefined, `no tensor ${index}`);
  return tensor;
}

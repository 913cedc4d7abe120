/**
 * First values of the parameters: a pure function of (seed, the parameter's index in the model).
 *
 * So any process can make them, a model may be cut into chunks or kept frozen, and no parameter's values
 * depend on those before it.
 */
import type { Kernels } from './kernels.ts';
import type { Layout, LayoutEntry } from './layout.ts';
import { streamOf } from './philox.ts';

/** Fills [P] at a byte offset of the kernels' memory, overwriting it. */
export function initialise(layout: Layout, seed: number, kernels: Kernels, offset: number): void {
  for (const entry of layout.trained) fillParameter(entry, seed, kernels, offset);
}

/** Fills the frozen parameters, [layout.frozenCount], at a byte offset, overwriting. */
export function initialiseFrozen(layout: Layout, seed: number, kernels: Kernels, offset: number): void {
  for (const entry of layout.frozen) fillParameter(entry, seed, kernels, offset);
}

function fillParameter(entry: LayoutEntry, seed: number, kernels: Kernels, arrayOffset: number): void {
  const { length, initialiser, index } = entry;
  const out = arrayOffset + entry.offset * Float32Array.BYTES_PER_ELEMENT;
  const stream = streamOf('initialise', index);
  switch (initialiser.kind) {
    case 'zeros':
      kernels.float32(out, length).fill(0);
      return;
    case 'constant':
      kernels.float32(out, length).fill(initialiser.value);
      return;
    case 'uniform':
      kernels.uniform(out, length, seed, stream, -initialiser.limit, initialiser.limit);
      return;
    case 'normal':
      kernels.normal(out, length, seed, stream, initialiser.deviation);
      return;
    default:
      initialiser satisfies never;
  }
}

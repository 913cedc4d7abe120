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

/**
 * Fills a part of [P], wherever it lies, by way of a small room in the kernels' memory.
 * @param offset of the part within [P], in values
 * @param out overwritten
 * @param room byte offset of `roomLength` values that may be overwritten
 */
export function initialiseRange(
  layout: Layout,
  seed: number,
  offset: number,
  out: Float32Array,
  kernels: Kernels,
  room: number,
  roomLength: number,
): void {
  for (const entry of layout.trained) {
    const end = Math.min(entry.offset + entry.length, offset + out.length);
    for (let at = Math.max(entry.offset, offset); at < end; at += roomLength) {
      const count = Math.min(roomLength, end - at);
      fillValues(entry, seed, kernels, room, at - entry.offset, count);
      out.set(kernels.float32(room, count), at - offset);
    }
  }
}

function fillParameter(entry: LayoutEntry, seed: number, kernels: Kernels, arrayOffset: number): void {
  const out = arrayOffset + entry.offset * Float32Array.BYTES_PER_ELEMENT;
  fillValues(entry, seed, kernels, out, 0, entry.length);
}

/** Values from `first` on of one parameter. */
function fillValues(
  { initialiser, index }: LayoutEntry,
  seed: number,
  kernels: Kernels,
  out: number,
  first: number,
  count: number,
): void {
  const stream = streamOf('initialise', index);
  switch (initialiser.kind) {
    case 'zeros':
      kernels.float32(out, count).fill(0);
      return;
    case 'constant':
      kernels.float32(out, count).fill(initialiser.value);
      return;
    case 'uniform':
      kernels.uniform(out, count, seed, stream, -initialiser.limit, initialiser.limit, first);
      return;
    case 'normal':
      kernels.normal(out, count, seed, stream, initialiser.deviation, first);
      return;
    default:
      initialiser satisfies never;
  }
}

/** Parameters and moments of a reducer, chunk by chunk, as the frames that carry them between processes. */
import { chunkAt, chunkLength, type Chunk } from '../../shared/math/layout.ts';
import type { ArrayKind, DataFrame } from '../../shared/protocol/messages.ts';
import type { StateArray, StatePart } from '../requests.ts';

export type ArrayFrame = Extract<DataFrame, { type: 'array' }>;

export const stateArrays: readonly StateArray[] = ['parameters', 'firstMoment', 'secondMoment'];

/** Whether frames of this kind carry a reducer's state. */
export const isStateArray = (array: ArrayKind): array is StateArray =>
  (stateArrays as readonly ArrayKind[]).includes(array);

/** Chunks under way, in either direction: each is three frames. */
export const stateWindow = 4;

/**
 * The frames of one chunk of a state.
 * @param part that holds it @param parameterCount P @param version 0 on their way in, else the reading's number
 */
export function framesOfState(
  part: StatePart,
  index: number,
  parameterCount: number,
  version: number,
): ArrayFrame[] {
  const { offset, length } = chunkAt(parameterCount, index);
  const from = offset - part.offset;
  return stateArrays.map((array) => ({
    type: 'array',
    array,
    version,
    chunk: index,
    values: part[array].subarray(from, from + length),
  }));
}

/** A part of one chunk, all zero. */
export function emptyPart({ index, length }: Chunk): StatePart {
  const [parameters, firstMoment, secondMoment] = stateArrays.map(() => new Float32Array(length)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return { offset: index * chunkLength, parameters, firstMoment, secondMoment };
}

/** Which frames of one passage have arrived. */
export function createArrivals() {
  const here = new Map<number, Set<StateArray>>(); // by chunk
  return {
    has: (chunk: number, array: StateArray): boolean => here.get(chunk)?.has(array) ?? false,
    /** @returns whether all of the chunk is here now */
    add(chunk: number, array: StateArray): boolean {
      const found = here.get(chunk) ?? new Set();
      here.set(chunk, found.add(array));
      return found.size === stateArrays.length;
    },
  };
}

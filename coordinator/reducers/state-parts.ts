/** Parameters and moments of a reducer, chunk by chunk, as the frames that carry them between processes. */
import { chunkAt, chunkLength, type Chunk } from '../../shared/math/layout.ts';
import type { ArrayKind, DataFrame } from '../../shared/protocol/messages.ts';
import type { OptimiserState } from '../reducer.ts';
import type { StatePart } from '../requests.ts';

export type ArrayFrame = Extract<DataFrame, { type: 'array' }>;

/** The arrays of a reducer's state, as frames name them. */
export const stateArrays = ['parameters', 'firstMoment', 'secondMoment'] as const;
export type StateArray = (typeof stateArrays)[number];

export const isStateArray = (array: ArrayKind): array is StateArray =>
  (stateArrays as readonly ArrayKind[]).includes(array);

/** Chunks under way, in either direction: each is three frames. */
export const stateWindow = 4;

/** The frames of one chunk of a state. @param part that holds it @param parameterCount P */
export function framesOfState(part: StatePart, index: number, parameterCount: number): ArrayFrame[] {
  const { offset, length } = chunkAt(parameterCount, index);
  const from = offset - part.offset;
  return stateArrays.map((array) => ({
    type: 'array',
    array,
    version: 0,
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

/** Puts together the chunks of one passage from their frames. */
export function createAssembly() {
  const parts = new Map<number, Partial<Record<StateArray, Float32Array>>>();
  const whole = new Set<number>(); // chunks
  return {
    has: (chunk: number, array: StateArray): boolean =>
      whole.has(chunk) || parts.get(chunk)?.[array] !== undefined,
    /** @returns the part once all of it is here */
    add({ array, chunk, values }: ArrayFrame): StatePart | null {
      const part = { ...parts.get(chunk), [array]: values };
      parts.set(chunk, part);
      if (!stateArrays.every((name) => part[name] !== undefined)) return null;
      parts.delete(chunk);
      whole.add(chunk);
      return { offset: chunk * chunkLength, ...(part as OptimiserState) };
    },
  };
}

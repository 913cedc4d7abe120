/**
 * The arrays that a worker is sent, as they come together chunk by chunk: parameters, basis, statistics.
 *
 * Chunks may come from several reducers, each at its own pace, so that one may announce a new version while
 * another still sends the old one: an older version never replaces a newer one.
 */
import { ProtocolError } from '../shared/errors.ts';
import { chunkAt, chunkLength } from '../shared/math/layout.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type { ArrayKind, CoordinatorMessage, DataFrame } from '../shared/protocol/messages.ts';

export type Values = Float32Array | Float64Array;

export interface Arrays {
  announce(message: Extract<CoordinatorMessage, { type: 'array' }>): void;
  /** What a frame must hold. @throws ProtocolError (`bounds`) */
  expect(header: Extract<FrameHeader, { type: 'array' }>): ExpectedValues;
  /** @returns the whole array where this chunk was its last one */
  take(frame: Extract<DataFrame, { type: 'array' }>): Values | null;
  /** Whether these versions are all here, whole. */
  have(needs: Partial<Record<ArrayKind, number>>): boolean;
  /** This room may be used again: its values were copied. */
  recycle(values: Values): void;
  /** Nothing that is here counts any more. */
  clear(): void;
}

interface Incoming {
  readonly version: number;
  readonly values: Values;
  readonly here: Uint8Array; // of each chunk
  remaining: number;
}

export function createArrays(): Arrays {
  const incoming = new Map<ArrayKind, Incoming>();
  const versions = new Map<ArrayKind, number>(); // of whole arrays
  let spare: Float32Array | null = null;

  /** Room for float32: an array that was copied to the device, since fresh memory costs more than the copy. */
  function takeSpare(length: number): Float32Array {
    const found = spare?.length === length ? spare : new Float32Array(length);
    if (found === spare) spare = null;
    return found;
  }

  return {
    announce({ array, version, length }) {
      if ((incoming.get(array)?.version ?? -1) >= version) return; // several reducers announce the same
      const wide = array === 'covariance';
      const values = wide ? new Float64Array(length) : takeSpare(length);
      const chunks = Math.ceil(length / valuesPerChunk(values));
      incoming.set(array, { version, values, here: new Uint8Array(chunks), remaining: chunks });
    },

    expect(header) {
      const target = incoming.get(header.array);
      if (target?.version !== header.version) return header; // an older one: acknowledged, and dropped
      const count = Math.ceil(target.values.length / valuesPerChunk(target.values));
      if (header.chunk >= count)
        throw new ProtocolError('bounds', `sent chunk ${header.chunk} of ${count} of ${header.array}`);
      const dtype = target.values instanceof Float64Array ? 'float64' : 'float32';
      return {
        dtype,
        count: chunkAt(target.values.length, header.chunk, valuesPerChunk(target.values)).length,
      };
    },

    take({ array, version, chunk, values }) {
      const target = incoming.get(array);
      if (target === undefined || target.version !== version || target.here[chunk] === 1) return null;
      target.values.set(values, chunkAt(target.values.length, chunk, valuesPerChunk(target.values)).offset);
      target.here[chunk] = 1;
      target.remaining -= 1;
      if (target.remaining > 0) return null;
      versions.set(array, version);
      return target.values;
    },

    have: (needs) =>
      Object.entries(needs).every(([array, version]) => versions.get(array as ArrayKind) === version),

    recycle(values) {
      if (values instanceof Float32Array) spare = values;
    },

    clear() {
      incoming.clear();
      versions.clear();
    },
  };
}

/** Values in a chunk of an array like this. */
export const valuesPerChunk = (values: { readonly BYTES_PER_ELEMENT: number }): number =>
  values.BYTES_PER_ELEMENT === 8 ? chunkLength / 2 : chunkLength;

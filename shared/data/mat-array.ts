/**
 * One array of a MATLAB file, read from its first byte to its last.
 *
 * A cursor knows how many bytes the array said it has, and refuses to go beyond; nothing is allocated on the
 * word of a size that the file could not hold. At the end `finish` reads on to the end of the compressed data,
 * so that zlib has checked every byte.
 */
import type { ByteReader } from './bytes.ts';
import {
  isNumeric,
  miInt32,
  miInt8,
  miMatrix,
  miUint32,
  miUtf8,
  parseTag,
  tagBytes,
  type Tag,
} from './mat-format.ts';
import { faultAt, fetchAgain, type Place } from './source.ts';

export interface MatArray {
  readonly name: string;
  readonly classCode: number;
  readonly flags: number;
  readonly dims: readonly number[];
}

/** An element of the file that holds an array: where it lies, and the most that it can inflate to. */
export interface ElementSpan {
  readonly path: string;
  readonly offset: number; // of its tag, in the file
  readonly storedBytes: number; // behind the tag
  readonly compressed: boolean;
  readonly maxBytes: number; // of tag and array, inflated
}

export interface Cursor {
  place(): Place;
  remaining(): number; // bytes of the array
  /** Exactly `count` bytes, at most a few hundred. */
  take(count: number): Promise<DataView>;
  /** Fills `out` whole. */
  fill(out: Uint8Array): Promise<void>;
  /** Tag of the next element and, of a small one, its 4 bytes. */
  tag(): Promise<{ readonly tag: Tag; readonly inline: Uint8Array }>;
  /** What is left must be padding; then the stored bytes must end too. */
  finish(): Promise<void>;
}

/** Reads the tag of the array: a cursor over its body. */
export async function openArray(reader: ByteReader, span: ElementSpan): Promise<Cursor> {
  let position = 0; // in the array, tag included
  let end = tagBytes;
  const place = (): Place =>
    span.compressed
      ? { path: span.path, offset: span.offset, inflatedOffset: position }
      : { path: span.path, offset: span.offset + position };
  const fill = async (out: Uint8Array): Promise<void> => {
    if (out.length > end - position) {
      throw faultAt(
        place(),
        `an array that ends after ${end - position} bytes`,
        `${out.length} more`,
        fetchAgain,
      );
    }
    const filled = await reader.fill(out);
    position += filled;
    if (filled < out.length) {
      throw faultAt(place(), `the end of the data`, `${out.length - filled} more bytes`, fetchAgain);
    }
  };
  const take = async (count: number): Promise<DataView> => {
    const bytes = new Uint8Array(count);
    await fill(bytes);
    return new DataView(bytes.buffer);
  };
  const tag: Cursor['tag'] = async () => {
    const view = await take(tagBytes);
    const parsed = parseTag(view);
    if (parsed.small && parsed.bytes > 4) {
      throw faultAt(place(), `a small element of ${parsed.bytes} bytes`, 'at most 4', fetchAgain);
    }
    if (!parsed.small && parsed.bytes > end - position && position > tagBytes) {
      const got = `an element of ${parsed.bytes} bytes`;
      throw faultAt(place(), got, `at most the ${end - position} left of its array`, fetchAgain);
    }
    return { tag: parsed, inline: new Uint8Array(view.buffer, 4, parsed.small ? parsed.bytes : 0) };
  };
  const finish = async (): Promise<void> => {
    if (end - position >= 8) {
      throw faultAt(place(), `${end - position} bytes behind the values`, 'the end of the array', fetchAgain);
    }
    await take(end - position);
    if ((await reader.fill(new Uint8Array(1))) > 0) {
      throw faultAt(place(), 'more data', `${end} bytes as declared`, fetchAgain);
    }
    const stored = span.storedBytes + (span.compressed ? 0 : tagBytes);
    if (reader.consumedBytes() !== stored) {
      const got = `compressed data of ${reader.consumedBytes()} bytes`;
      throw faultAt({ path: span.path, offset: span.offset }, got, `${stored} as declared`, fetchAgain);
    }
  };

  const { tag: outer } = await tag();
  if (outer.type !== miMatrix || outer.small) {
    throw faultAt(place(), `an element of type ${outer.type}`, `an array (type ${miMatrix})`, fetchAgain);
  }
  if (outer.bytes + tagBytes > span.maxBytes) {
    const got = `an array of ${outer.bytes} bytes`;
    throw faultAt(
      place(),
      got,
      `at most ${span.maxBytes - tagBytes} from ${span.storedBytes} stored bytes`,
      fetchAgain,
    );
  }
  end = tagBytes + outer.bytes;
  return { place, remaining: () => end - position, take, fill, tag, finish };
}

/** Flags, dimensions and name; null for functions and other things that are not arrays. */
export async function readArrayHeader(cursor: Cursor): Promise<MatArray | null> {
  const flags = await smallVector(cursor, [miUint32], 8, 'array flags');
  if (flags.length !== 8)
    throw faultAt(cursor.place(), `${flags.length} bytes of array flags`, '8', fetchAgain);
  const word = new DataView(flags.buffer).getUint32(0, true);
  const classCode = word & 0xff;
  if (classCode > 5 && !isNumeric(classCode)) return null;
  const dimensionBytes = await smallVector(cursor, [miInt32], 128, 'dimensions');
  const view = new DataView(dimensionBytes.buffer);
  const dims = Array.from({ length: dimensionBytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
  if (dims.length < 2 || dimensionBytes.length % 4 !== 0 || dims.some((size) => size < 0)) {
    throw faultAt(
      cursor.place(),
      `dimensions ${dims.join(' x ')}`,
      'at least two, none negative',
      fetchAgain,
    );
  }
  const name = Buffer.from(await smallVector(cursor, [miInt8, miUtf8], 1024, 'a name')).toString('latin1');
  return { name, classCode, flags: (word >>> 8) & 0xff, dims };
}

/** The bytes of an element that is known to be short. */
async function smallVector(
  cursor: Cursor,
  types: readonly number[],
  maxBytes: number,
  what: string,
): Promise<Uint8Array> {
  const { tag, inline } = await cursor.tag();
  if (!types.includes(tag.type) || tag.bytes > maxBytes) {
    throw faultAt(
      cursor.place(),
      `an element of type ${tag.type} and ${tag.bytes} bytes`,
      `${what} (type ${types.join(' or ')})`,
      fetchAgain,
    );
  }
  if (tag.small) return inline.slice();
  const padded = await cursor.take(Math.ceil(tag.bytes / 8) * 8);
  return new Uint8Array(padded.buffer).slice(0, tag.bytes);
}

/**
 * MATLAB Level 5 as bytes: the file header, the tag of an element, and the header of an array.
 *
 * Source: MathWorks, MAT-File Format, chapter 1. A file is 128 bytes of header, then elements; each begins with
 * a tag of 8 bytes (type, bytes), and an array is an element that holds further elements. Only what image
 * files need is here; everything is little-endian, as every MATLAB of this century writes it.
 */
import { faultAt, type Place } from './source.ts';

export const headerBytes = 128;
export const tagBytes = 8;

/** Types of elements. */
export const miMatrix = 14;
export const miCompressed = 15;
export const miUint8 = 2;
export const miInt32 = 5;
export const miUint32 = 6;
export const miInt8 = 1;
export const miUtf8 = 16;

/** Classes of arrays, as MATLAB's `class` names them. */
const classNames: readonly string[] = [
  'none', 'cell', 'struct', 'object', 'char', 'sparse', 'double', 'single', 'int8', 'uint8', 'int16',
  'uint16', 'int32', 'uint32', 'int64', 'uint64', 'function', 'opaque',
]; // prettier-ignore
export const mxDouble = 6;
export const mxUint8 = 9;
export const className = (code: number): string => classNames[code] ?? `unknown (${code})`;
/** Classes 6 to 15 hold numbers. */
export const isNumeric = (code: number): boolean => code >= mxDouble && code <= 15;

export const complexFlag = 0x08;
export const logicalFlag = 0x02;

/** A numeric storage type: its width, and how to read one value. */
export interface Storage {
  readonly name: string;
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const storages = new Map<number, Storage>([
  [miInt8, { name: 'int8', bytes: 1, read: (view, at) => view.getInt8(at) }],
  [miUint8, { name: 'uint8', bytes: 1, read: (view, at) => view.getUint8(at) }],
  [3, { name: 'int16', bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  [4, { name: 'uint16', bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [miInt32, { name: 'int32', bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [miUint32, { name: 'uint32', bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [7, { name: 'single', bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [9, { name: 'double', bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
  [12, { name: 'int64', bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [13, { name: 'uint64', bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
]);

/** How values of an element type are stored; undefined where it does not hold numbers. */
export const storageOf = (type: number): Storage | undefined => storages.get(type);

/** Accepts the header of a little-endian Level 5 file. @param header the first bytes of the file, 128 at most */
export function checkFileHeader(header: Buffer, path: string): void {
  const place: Place = { path, offset: 0 };
  const expected = 'a MATLAB Level 5 file';
  const resave = "save it again in MATLAB with save(..., '-v7')";
  const text = header.toString('latin1', 0, Math.min(116, header.length));
  if (text.startsWith('MATLAB 7.3') || text.startsWith('\x89HDF')) {
    throw faultAt(place, 'a v7.3 (HDF5) file', expected, resave);
  }
  if (header.length >= 4 && header.subarray(0, 4).includes(0)) {
    throw faultAt(place, 'a v4 file, or none of MATLAB', expected, resave);
  }
  if (header.length < headerBytes) {
    throw faultAt(
      place,
      `a file of ${header.length} bytes`,
      `at least a header of ${headerBytes}`,
      'the file is cut: copy it again',
    );
  }
  const endian = header.toString('latin1', 126, 128);
  if (endian === 'MI') {
    throw faultAt(
      { path, offset: 126 },
      'a big-endian file',
      'a little-endian one',
      'save it again on a machine of today',
    );
  }
  const version = header.readUInt16LE(124);
  if (endian !== 'IM' || version !== 0x0100) {
    const got = `version 0x${version.toString(16)} and byte order ${JSON.stringify(endian)}`;
    throw faultAt(
      { path, offset: 124 },
      got,
      'version 0x100 and "IM", ' + expected,
      'check that this is a .mat file',
    );
  }
}

/** The tag of an element inside an array: small elements carry their data within the tag. */
export interface Tag {
  readonly type: number;
  readonly bytes: number;
  readonly small: boolean;
}

/** @param view 8 bytes */
export function parseTag(view: DataView): Tag {
  const word = view.getUint32(0, true);
  const smallBytes = word >>> 16;
  if (smallBytes > 0) return { type: word & 0xffff, bytes: smallBytes, small: true };
  return { type: word, bytes: view.getUint32(4, true), small: false };
}

/**
 * Whether bytes are plain msgpack: exactly one value of nil, booleans, numbers, strings, arrays and maps with
 * string keys, nested no deeper than `maxDepth`.
 *
 * It walks the bytes without building anything, so that what is refused costs nothing but the walk. The one
 * extension let through is the three bytes that msgpackr writes for `undefined`, an absent optional field.
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { ProtocolError } from '../errors.ts';

const maxDepth = 16;

/** @throws ProtocolError of kind `encoding` */
export function checkPlainMsgpack(bytes: Uint8Array): void {
  const end = skipValue(bytes, 0, 0);
  if (end !== bytes.byteLength) throw malformed(`${bytes.byteLength - end} bytes after its end`);
}

/** Skips the value at `at`. @returns the offset after it */
function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > maxDepth) throw malformed(`values nested deeper than ${maxDepth}`);
  const token = byteAt(bytes, at);
  const next = at + 1;
  if (token <= 0x7f || token >= 0xe0) return next; // small integers
  if (token <= 0x8f) return skipItems(bytes, next, 2 * (token & 0x0f), depth, true);
  if (token <= 0x9f) return skipItems(bytes, next, token & 0x0f, depth, false);
  if (token <= 0xbf) return skipBytes(bytes, next, token & 0x1f);
  switch (token) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return next;
    case 0xca: // float32
    case 0xce: // uint32
    case 0xd2: // int32
      return skipBytes(bytes, next, 4);
    case 0xcb: // float64
    case 0xcf: // uint64
    case 0xd3: // int64
      return skipBytes(bytes, next, 8);
    case 0xcc: // uint8
    case 0xd0: // int8
      return skipBytes(bytes, next, 1);
    case 0xcd: // uint16
    case 0xd1: // int16
      return skipBytes(bytes, next, 2);
    case 0xd9: // strings
      return skipBytes(bytes, next + 1, lengthAt(bytes, next, 1));
    case 0xda:
      return skipBytes(bytes, next + 2, lengthAt(bytes, next, 2));
    case 0xdb:
      return skipBytes(bytes, next + 4, lengthAt(bytes, next, 4));
    case 0xdc: // arrays
      return skipItems(bytes, next + 2, lengthAt(bytes, next, 2), depth, false);
    case 0xdd:
      return skipItems(bytes, next + 4, lengthAt(bytes, next, 4), depth, false);
    case 0xde: // maps
      return skipItems(bytes, next + 2, 2 * lengthAt(bytes, next, 2), depth, true);
    case 0xdf:
      return skipItems(bytes, next + 4, 2 * lengthAt(bytes, next, 4), depth, true);
    case 0xd4: // msgpackr's undefined: extension 0, one byte
      if (byteAt(bytes, next) === 0) return skipBytes(bytes, next, 2);
  }
  throw malformed(`a value of type 0x${token.toString(16)} at offset ${at}, expected plain data`);
}

function skipItems(bytes: Uint8Array, start: number, count: number, depth: number, isMap: boolean): number {
  let at = start;
  for (let item = 0; item < count; item++) {
    if (isMap && item % 2 === 0 && !isStringToken(byteAt(bytes, at))) {
      throw malformed(`a key at offset ${at} that is no string`);
    }
    at = skipValue(bytes, at, depth + 1); // every item takes a byte: a false count ends at the last one
  }
  return at;
}

const isStringToken = (token: number): boolean =>
  (token >= 0xa0 && token <= 0xbf) || (token >= 0xd9 && token <= 0xdb);

function skipBytes(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.byteLength) throw malformed(`an end at offset ${bytes.byteLength}, within a value`);
  return at + count;
}

/** A big-endian unsigned integer of 1, 2 or 4 bytes. */
function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  let length = 0;
  for (let offset = at; offset < at + width; offset++) length = length * 256 + byteAt(bytes, offset);
  return length;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw malformed(`an end at offset ${at}, within a value`);
  return byte;
}

const malformed = (what: string): ProtocolError =>
  new ProtocolError('encoding', `a control message with ${what}`);

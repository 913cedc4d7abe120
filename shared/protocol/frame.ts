/**
 * Data frames: one chunk of an array as a 48-byte header and the raw bytes of its values.
 *
 * Arrays are never copied into a message: the payload is a view of the sender's buffer, and on arrival a view
 * of what the socket read. On a plain socket anything can arrive, so every frame is checked before it is
 * believed, the cheapest check first and the payload's checksum, the only one that costs, last. All numbers
 * are little-endian:
 *
 *    0 magic u32    4 version u16   6 type u16      8 epoch u64
 *   16 task u32    20 attempt u16  22 dtype u16    24 first u32    28 end u32
 *   32 chunk u32   36 count u32    40 payload sum  44 header crc
 *
 * dtype: 1 float32, 2 float64, 3 uint8 (arrays alone), 4 bfloat16 (sums alone).
 * An array frame keeps its version in `task`, the index of its kind in `first`, and 0 in `end` and `attempt`.
 */
import assert from 'node:assert';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { ProtocolError } from '../errors.ts';
import { checksumOf } from '../math/checksum.ts';
import type { Frames } from '../transport/transport.ts';
import { arrayKinds, protocolVersion, type DataFrame } from './messages.ts';

export const headerBytes = 48;
/** Of a payload: 2^20 float32, 2^19 float64 or 2^22 uint8; 2^20 bfloat16 are half of it. */
export const maxPayloadBytes = 1 << 22;
/** What a transport must let through: the largest payload, and the cap of control messages. */
export const maxFrameBytes = maxPayloadBytes + 4096;

export type ElementType = 'float32' | 'float64' | 'uint8' | 'bfloat16';

/** A frame without its values: what its header says before the payload is looked at. */
export type FrameHeader = SumHeader | ArrayHeader;
type SumHeader = Omit<Extract<DataFrame, { type: 'sum' }>, 'values'> & {
  readonly dtype: Exclude<ElementType, 'uint8'>;
  readonly count: number;
};
type ArrayHeader = Omit<Extract<DataFrame, { type: 'array' }>, 'values'> & {
  readonly dtype: Exclude<ElementType, 'bfloat16'>;
  readonly count: number;
};

export interface ExpectedValues {
  readonly dtype: ElementType;
  readonly count: number; // in values, not bytes
}

/** What the receiver knows: it judges a header before any time is spent on the payload. */
export interface FrameExpectation {
  readonly epoch: number;
  /**
   * Says what the named chunk must hold. Throws a ProtocolError where the frame is not wanted: its task is not
   * open (`stale`), its node or chunk does not exist (`bounds`), or it was already seen (`duplicate`).
   */
  values(header: FrameHeader): ExpectedValues;
}

/** The `kind` of every ProtocolError thrown here, in the order of the checks; the caller's own come after epoch. */
export const frameErrorKinds = [
  'parts',
  'size',
  'magic',
  'version',
  'headerCrc',
  'type',
  'epoch',
  'length',
  'payloadChecksum',
] as const;
type FrameErrorKind = (typeof frameErrorKinds)[number];

const magic = 0x50_45_54_53; // "STEP" as it is read on the wire
const typeCodes = { sum: 1, array: 2 } as const;
const elementTypes = [undefined, 'float32', 'float64', 'uint8', 'bfloat16'] as const; // by their code
const elementBytes = { float32: 4, float64: 8, uint8: 1, bfloat16: 2 } as const;

/**
 * The frame as a message. The payload is a view of `frame.values`: it may not change until the receiver has
 * said that it arrived. Encode once and send the same message to many: the checksum is what costs.
 *
 * @param epoch of the coordinator's incarnation; a frame of another is refused
 */
export function encodeFrame(frame: DataFrame, epoch: number): Frames {
  assert(endianness() === 'LE', 'payloads travel as they lie in memory, which must be little-endian');
  const { values } = frame;
  const known = frame.type === 'array' ? frame.checksum : undefined;
  assert(
    values.byteLength <= maxPayloadBytes,
    `a chunk of ${values.byteLength} bytes, at most ${maxPayloadBytes}`,
  );
  const payload = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const header = new DataView(new ArrayBuffer(headerBytes));
  header.setUint32(0, magic, true);
  header.setUint16(4, protocolVersion, true);
  header.setUint16(6, typeCodes[frame.type], true);
  header.setBigUint64(8, BigInt(epoch), true);
  header.setUint16(22, elementTypes.indexOf(elementTypeOf(values)), true);
  header.setUint32(32, frame.chunk, true);
  header.setUint32(36, values.length, true);
  if (frame.type === 'sum') {
    header.setUint32(16, frame.task, true);
    header.setUint16(20, frame.attempt, true);
    header.setUint32(24, frame.first, true);
    header.setUint32(28, frame.end, true);
  } else {
    header.setUint32(16, frame.version, true);
    header.setUint32(24, arrayKinds.indexOf(frame.array), true);
  }
  header.setUint32(40, known ?? checksumOf(payload), true);
  const bytes = new Uint8Array(header.buffer);
  header.setUint32(44, crc32(bytes.subarray(0, 44)), true);
  return [bytes, payload];
}

/**
 * Believes a message, or throws a ProtocolError of one of `frameErrorKinds` or of the expectation's own.
 *
 * @returns the frame; its values are a view of the payload, copied only where it lies unaligned in memory
 */
export function decodeFrame(frames: Frames, expectation: FrameExpectation): DataFrame {
  const [headerPart, payload] = frames;
  if (headerPart === undefined || payload === undefined || frames.length !== 2) {
    throw refusal('parts', `a frame of ${frames.length} parts, expected a header and its payload`);
  }
  if (headerPart.byteLength !== headerBytes || payload.byteLength > maxPayloadBytes) {
    throw refusal(
      'size',
      `a header of ${headerPart.byteLength} bytes and a payload of ${payload.byteLength}, ` +
        `expected ${headerBytes} and at most ${maxPayloadBytes}`,
    );
  }
  const view = new DataView(headerPart.buffer, headerPart.byteOffset, headerBytes);
  checkPreamble(view, headerPart);
  const header = readHeader(view);
  const epoch = view.getBigUint64(8, true);
  if (epoch !== BigInt(expectation.epoch)) {
    throw refusal('epoch', `a frame of epoch ${epoch}, expected ${expectation.epoch}`);
  }
  checkLength(header, payload, expectation.values(header));
  if (checksumOf(payload) !== view.getUint32(40, true)) {
    throw refusal(
      'payloadChecksum',
      `a payload that does not match its checksum (${describe(header)}): damaged on its way`,
    );
  }
  return withValues(header, payload);
}

/** Magic, version and the header's checksum: after these the fields are the sender's. */
function checkPreamble(view: DataView, headerPart: Uint8Array): void {
  const foundMagic = view.getUint32(0, true);
  if (foundMagic !== magic) {
    throw refusal(
      'magic',
      `a frame that starts with 0x${foundMagic.toString(16)}: not a peer of this program`,
    );
  }
  const version = view.getUint16(4, true);
  if (version !== protocolVersion) {
    throw refusal(
      'version',
      `a frame of protocol ${version}, expected ${protocolVersion}: run the same release on both sides`,
    );
  }
  if (crc32(headerPart.subarray(0, 44)) !== view.getUint32(44, true)) {
    throw refusal('headerCrc', 'a header that does not match its checksum: damaged on its way');
  }
}

function readHeader(view: DataView): FrameHeader {
  const type = view.getUint16(6, true);
  const dtype = elementTypes[view.getUint16(22, true)];
  const chunk = view.getUint32(32, true);
  const count = view.getUint32(36, true);
  if (type === typeCodes.sum && dtype !== undefined && dtype !== 'uint8') {
    const node = { first: view.getUint32(24, true), end: view.getUint32(28, true) };
    return {
      type: 'sum',
      task: view.getUint32(16, true),
      attempt: view.getUint16(20, true),
      ...node,
      chunk,
      dtype,
      count,
    };
  }
  const array = arrayKinds[view.getUint32(24, true)];
  if (type === typeCodes.array && dtype !== undefined && dtype !== 'bfloat16' && array !== undefined) {
    return { type: 'array', array, version: view.getUint32(16, true), chunk, dtype, count };
  }
  throw refusal('type', `a frame of type ${type} with ${dtype ?? 'unknown'} values: there is no such frame`);
}

function checkLength(header: FrameHeader, payload: Uint8Array, expected: ExpectedValues): void {
  if (header.dtype !== expected.dtype || header.count !== expected.count) {
    throw refusal(
      'length',
      `${header.count} ${header.dtype} values (${describe(header)}), expected ${expected.count} ${expected.dtype}; ` +
        `its model or data differs: start it with the coordinator's configuration`,
    );
  }
  const bytes = header.count * elementBytes[header.dtype];
  if (payload.byteLength !== bytes) {
    throw refusal('length', `${payload.byteLength} bytes (${describe(header)}), expected ${bytes}`);
  }
}

function withValues(header: FrameHeader, payload: Uint8Array): DataFrame {
  // A Buffer's own slice would be a view again: a copy must be a new array, which is aligned.
  const aligned = payload.byteOffset % elementBytes[header.dtype] === 0 ? payload : new Uint8Array(payload);
  const { buffer, byteOffset } = aligned;
  const { count, dtype, ...fields } = header;
  const floats = (): Float32Array | Float64Array =>
    dtype === 'float32'
      ? new Float32Array(buffer, byteOffset, count)
      : new Float64Array(buffer, byteOffset, count);
  if (fields.type === 'sum')
    return {
      ...fields,
      values: dtype === 'bfloat16' ? new Uint16Array(buffer, byteOffset, count) : floats(),
    };
  return { ...fields, values: dtype === 'uint8' ? aligned : floats() };
}

const describe = (header: FrameHeader): string =>
  header.type === 'sum'
    ? `task ${header.task}, node ${header.first}-${header.end}, chunk ${header.chunk}`
    : `${header.array} version ${header.version}, chunk ${header.chunk}`;

function elementTypeOf(values: DataFrame['values']): ElementType {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Uint16Array) return 'bfloat16';
  return values instanceof Float64Array ? 'float64' : 'uint8';
}

const refusal = (kind: FrameErrorKind, message: string): ProtocolError => new ProtocolError(kind, message);

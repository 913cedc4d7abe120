/**
 * Control messages: one frame of msgpack and its CRC-32, `{ epoch, message }`, checked against the schemas of
 * messages.ts.
 *
 * Four gates stand before a message is believed: its size, its checksum (what a network did to it), its msgpack
 * (only what JSON could say: no extension, no binary, string keys, bounded depth), and its schema (unknown keys
 * refused). The third gate is our own, since no option of msgpackr keeps its decoder from building records
 * (through generated code), errors, sets, regular expressions, dates and cyclic references out of a stranger's
 * bytes.
 */
import { crc32 } from 'node:zlib';
import assert from 'node:assert';
import { Packr, Unpackr } from 'msgpackr/pack'; // the plain JavaScript decoder: no native code meets a stranger's bytes
import { z } from 'zod';
import { ProtocolError } from '../errors.ts';
import type { Frames } from '../transport/transport.ts';
import {
  coordinatorMessageSchema,
  workerMessageSchema,
  type CoordinatorMessage,
  type WorkerMessage,
} from './messages.ts';
import { checkPlainMsgpack } from './msgpack.ts';
import {
  reducerCommandSchema,
  reducerMessageSchema,
  type ReducerCommand,
  type ReducerMessage,
} from './reducer-messages.ts';
import {
  clockAnswerSchema,
  traceMessageSchema,
  type ClockAnswer,
  type TraceMessage,
} from './trace-messages.ts';

/** Of a whole control message; `welcome` and `ready` are the largest by far, at some tens of KiB. */
export const maxControlBytes = 64 * 1024;

export interface Envelope<Message> {
  /** The coordinator's incarnation as the sender knows it; 0 in a worker's first `hello`. */
  readonly epoch: number;
  readonly message: Message;
}

/** The `kind` of every ProtocolError thrown here. */
export const controlErrorKinds = ['parts', 'size', 'controlCrc', 'encoding', 'schema'] as const;

const epochSchema = z.int().min(0); // z.int is bounded by 2^53
const peerMessageSchema = z.discriminatedUnion('type', [
  workerMessageSchema,
  reducerMessageSchema,
  traceMessageSchema,
]);
const peerEnvelope = z.strictObject({ epoch: epochSchema, message: peerMessageSchema });
const commandEnvelope = z.strictObject({ epoch: epochSchema, message: reducerCommandSchema });
const workerEnvelope = z.strictObject({ epoch: epochSchema, message: workerMessageSchema });
const coordinatorEnvelope = z.strictObject({
  epoch: epochSchema,
  message: z.discriminatedUnion('type', [coordinatorMessageSchema, clockAnswerSchema]),
});

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });
const checksumBytes = 4; // at the end, little-endian
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** The message as one frame; numbers keep every bit but the sign of zero. A message over `maxControlBytes` is our bug: nobody would believe it. */
export function encodeControl(
  epoch: number,
  message: WorkerMessage | CoordinatorMessage | ReducerMessage | ReducerCommand | TraceMessage | ClockAnswer,
): Frames {
  const bytes = withChecksum(packr.pack({ epoch, message }));
  assert(
    bytes.byteLength <= maxControlBytes,
    `a ${message.type} of ${bytes.byteLength} bytes, at most ${maxControlBytes}`,
  );
  return [bytes];
}

/** The bytes of a control message as they are sent. @returns a copy */
export function withChecksum(content: Uint8Array): Uint8Array {
  const { byteLength } = content;
  const bytes = new Uint8Array(byteLength + checksumBytes);
  bytes.set(content);
  new DataView(bytes.buffer).setUint32(byteLength, crc32(content), true);
  return bytes;
}

/** Whether a message is a control message; data frames have two parts. */
export const isControl = (frames: Frames): boolean => frames.length === 1;

/** What a worker or a reducer said to the coordinator. @throws ProtocolError of one of `controlErrorKinds` */
export const decodePeerMessage = (frames: Frames): Envelope<WorkerMessage | ReducerMessage | TraceMessage> =>
  decode(frames, peerEnvelope);

/** What the coordinator said to a reducer. @throws ProtocolError of one of `controlErrorKinds` */
export const decodeReducerCommand = (frames: Frames): Envelope<ReducerCommand> =>
  decode(frames, commandEnvelope);

/** What a worker said, but for its trace. @throws ProtocolError of one of `controlErrorKinds` */
export const decodeWorkerMessage = (frames: Frames): Envelope<WorkerMessage> =>
  decode(frames, workerEnvelope);

/** What the coordinator said. @throws ProtocolError of one of `controlErrorKinds` */
export const decodeCoordinatorMessage = (frames: Frames): Envelope<CoordinatorMessage | ClockAnswer> =>
  decode(frames, coordinatorEnvelope);

function decode<Message>(frames: Frames, schema: z.ZodType<Envelope<Message>>): Envelope<Message> {
  const [bytes] = frames;
  if (bytes === undefined || frames.length !== 1) {
    throw new ProtocolError('parts', `a control message of ${frames.length} parts, expected 1`);
  }
  if (bytes.byteLength === 0 || bytes.byteLength > maxControlBytes) {
    throw new ProtocolError(
      'size',
      `a control message of ${bytes.byteLength} bytes, expected 1 to ${maxControlBytes}`,
    );
  }
  const content = contentOf(bytes);
  checkPlainMsgpack(content);
  const result = schema.safeParse(unpackr.unpack(content));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw new ProtocolError(
    'schema',
    `a message that this release does not know: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'malformed'}`,
  );
}

/** What the checksum is of. @throws ProtocolError (`controlCrc`) */
function contentOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.byteLength - checksumBytes;
  const content = bytes.subarray(0, Math.max(0, end));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end > 0 && crc32(content) === view.getUint32(end, true)) return content;
  throw new ProtocolError(
    'controlCrc',
    'a control message whose checksum does not fit: the network damages what it carries, or another release runs there',
  );
}

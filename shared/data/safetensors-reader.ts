/**
 * Reads files in the safetensors layout (safetensors.ts), without believing a word of them: nothing is allocated
 * before the header agrees with the size of the file, and the arrays must tile the rest of it exactly.
 *
 * Arrays are read when they are asked for, so that a look at the metadata of a checkpoint costs nothing.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { dataError } from '../errors.ts';
import {
  arrayTypes,
  blockBytes,
  digestKey,
  digestOffset,
  dtypeOf,
  elementCount,
  emptyDigest,
  isDtype,
  type Dtype,
  type TensorValues,
} from './safetensors.ts';

const headerBytesMax = 2 ** 26;

export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number; // bytes, from the start of the file
  readonly end: number;
}

/** An open file: its header is known and checked, its arrays are read when they are asked for. */
export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>; // in the header's order
  readonly metadata: Readonly<Record<string, string>>;
  /** @throws dataError where there is no such tensor */
  read(name: string): TensorValues;
  /** Reads into the caller's array, of the tensor's dtype and length; overwrites it. */
  readInto(name: string, out: TensorValues): void;
  /** Reads the whole file. @throws dataError if it is not what was written, or carries no digest */
  verify(): void;
  close(): void;
}

/**
 * Opens a safetensors file. Nothing is allocated on the word of the file before it is checked against its size.
 * @throws dataError naming the file and what is wrong with it
 */
export function openSafetensors(path: string): SafetensorsFile {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw dataError(`${path} cannot be opened: ${(error as Error).message}`, error);
  }
  const fail = (reason: string): never => {
    throw dataError(`${path} is not a readable safetensors file: ${reason}`);
  };
  try {
    const { size } = fstatSync(file);
    const header = readHeader(file, size, fail);
    const tensors = checkTensors(header.entries, header.bytes, size, fail);
    const infoOf = (name: string): TensorInfo => tensors.get(name) ?? fail(`it holds no tensor ${name}`);
    const readInto = (name: string, out: TensorValues): void => {
      const info = infoOf(name);
      const wanted = `${dtypeOf(out)} x ${out.length}`;
      const found = `${info.dtype} x ${elementCount(info.shape)}`;
      if (wanted !== found) fail(`tensor ${name} is ${found}, expected ${wanted}`);
      readWholly(file, new Uint8Array(out.buffer, out.byteOffset, out.byteLength), info.begin, fail);
    };
    return {
      path,
      tensors,
      metadata: header.metadata,
      read(name) {
        const { dtype, shape } = infoOf(name);
        const values = new arrayTypes[dtype](elementCount(shape));
        readInto(name, values);
        return values;
      },
      readInto,
      verify: () => verifyDigest(file, size, header.metadata[digestKey], fail),
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

type Fail = (reason: string) => never;
const tensorSchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(16),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

function readHeader(file: number, size: number, fail: Fail) {
  if (size < 8) fail(`it has ${size} bytes, expected at least 8`);
  const prefix = Buffer.alloc(8);
  readWholly(file, prefix, 0, fail);
  const length = prefix.readBigUInt64LE();
  if (length > BigInt(Math.min(size - 8, headerBytesMax))) {
    fail(`its header claims ${length} bytes of a file of ${size}; it is truncated, or something else`);
  }
  const json = Buffer.alloc(Number(length));
  readWholly(file, json, 8, fail);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    fail(`its header is not JSON (${(error as Error).message})`);
  }
  const result = z.record(z.string(), z.unknown()).safeParse(parsed);
  if (!result.success) return fail('its header is not a JSON object');
  const { __metadata__: given = {}, ...entries } = result.data;
  const metadata = metadataSchema.safeParse(given);
  if (!metadata.success) return fail('its __metadata__ does not map strings to strings');
  return { entries, metadata: metadata.data, bytes: 8 + json.length };
}

/** Every array must begin where the one before it ends, and the last must end with the file. */
function checkTensors(entries: Record<string, unknown>, dataBegin: number, size: number, fail: Fail) {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, entry] of Object.entries(entries)) {
    const result = tensorSchema.safeParse(entry);
    if (!result.success)
      return fail(`the entry of tensor ${name} is malformed: ${z.prettifyError(result.error)}`);
    const {
      dtype,
      shape,
      data_offsets: [begin, end],
    } = result.data;
    if (!isDtype(dtype))
      return fail(`tensor ${name} is ${dtype}, expected one of ${Object.keys(arrayTypes).join(', ')}`);
    const bytes = elementCount(shape) * arrayTypes[dtype].BYTES_PER_ELEMENT;
    if (end - begin !== bytes) {
      fail(`tensor ${name} is given ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] takes ${bytes}`);
    }
    tensors.set(name, { dtype, shape, begin: dataBegin + begin, end: dataBegin + end });
  }
  let expected = dataBegin;
  for (const [name, { begin, end }] of [...tensors].sort(
    ([, a], [, b]) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== expected)
      fail(`tensor ${name} begins at byte ${begin}, expected ${expected}: a gap or an overlap`);
    expected = end;
  }
  if (expected !== size)
    fail(`its tensors end at byte ${expected}, the file at ${size}; it is truncated or damaged`);
  return tensors;
}

function verifyDigest(file: number, size: number, claimed: string | undefined, fail: Fail): void {
  if (claimed === undefined) return fail('it carries no digest of its content');
  const hash = createHash('sha256');
  const block = new Uint8Array(Math.min(blockBytes, size));
  for (let position = 0; position < size; position += blockBytes) {
    const part = block.subarray(0, Math.min(blockBytes, size - position));
    readWholly(file, part, position, fail);
    if (position === 0) blankDigest(part, claimed, fail);
    hash.update(part);
  }
  const actual = hash.digest('hex');
  if (actual !== claimed) fail(`its content has SHA-256 ${actual}, expected ${claimed}: it is damaged`);
}

/** Puts the zeros in place that stood there while the digest was computed. */
function blankDigest(firstBlock: Uint8Array, claimed: string, fail: Fail): void {
  const place = firstBlock.subarray(digestOffset, digestOffset + emptyDigest.length);
  if (Buffer.from(place).toString('latin1') !== claimed) {
    fail('its digest is not where this program puts it: another program rewrote the file, or it is damaged');
  }
  place.set(Buffer.from(emptyDigest));
}

function readWholly(file: number, out: Uint8Array, position: number, fail: Fail): void {
  for (let done = 0; done < out.length;) {
    const count = readSome(file, out.subarray(done), position + done, fail);
    if (count === 0) fail(`it ended at byte ${position + done} while it was being read`);
    done += count;
  }
}

function readSome(file: number, out: Uint8Array, position: number, fail: Fail): number {
  try {
    return readSync(file, out, 0, out.length, position);
  } catch (error) {
    return fail((error as Error).message); // a folder, or a disk with a fault
  }
}

/**
 * Named arrays in one file, in the safetensors layout, which numpy, PyTorch and JAX read too:
 *
 *   u64 n, little-endian | n bytes of JSON, space-padded to 8 | the arrays' bytes, without a gap
 *
 * The JSON maps each name to {dtype, shape, data_offsets: [begin, end)}, and `__metadata__` to strings.
 * Our files carry in `__metadata__.sha256` the SHA-256 of the whole file as it is with 64 zeros in that place,
 * so that a flipped bit anywhere is found by whoever looks (`verify` in safetensors-reader.ts).
 */
import { createHash } from 'node:crypto';
import { writeFileAtomically, writeWholly } from './atomic-file.ts';

export const arrayTypes = {
  F32: Float32Array,
  F64: Float64Array,
  U8: Uint8Array,
  I64: BigInt64Array,
} as const;
export type Dtype = keyof typeof arrayTypes;
export type TensorValues = Float32Array | Float64Array | Uint8Array | BigInt64Array;

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: TensorValues; // as many as the product of the shape
}

export const blockBytes = 2 ** 22; // what is read, written and hashed at a time
export const digestKey = 'sha256';
export const emptyDigest = '0'.repeat(64);
export const digestOffset = 8 + `{"__metadata__":{"${digestKey}":"`.length; // bytes, from the start of the file

/**
 * Writes `tensors` to `path`, whole or not at all. Their values must not change until the promise is kept.
 * @param beforeRename the last moment to refuse, by throwing
 * @throws the file system's error, such as ENOSPC; then no trace is left
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
  beforeRename?: () => void,
): Promise<void> {
  // Wide elements first, as the reference implementation does: every array is then aligned to its element.
  const ordered = [...tensors].sort((a, b) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT);
  const header = encodeHeader(ordered, metadata);
  await writeFileAtomically(
    path,
    async (handle) => {
      const hash = createHash('sha256');
      for (const bytes of blocksOf(header, ordered)) {
        const written = writeWholly(handle, bytes);
        hash.update(bytes); // while the thread pool writes
        await written;
      }
      await handle.write(hash.digest('hex'), digestOffset);
    },
    beforeRename,
  );
}

function encodeHeader(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, string][] = [];
  // The digest comes first, at a place that is known beforehand: it is filled in when the rest is written.
  const strings = [[digestKey, emptyDigest] as const, ...Object.entries(metadata)];
  entries.push(['__metadata__', jsonObject(strings.map(([key, text]) => [key, JSON.stringify(text)]))]);
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    if (elementCount(shape) !== values.length) {
      throw new Error(`tensor ${name} of shape [${shape.join(', ')}] was given ${values.length} values`);
    }
    const end = offset + values.byteLength;
    entries.push([name, JSON.stringify({ dtype: dtypeOf(values), shape, data_offsets: [offset, end] })]);
    offset = end;
  }
  const json = Buffer.from(jsonObject(entries));
  const bytes = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  json.copy(bytes, 8);
  return bytes;
}

/** JSON of an object whose keys stay in order; JSON.stringify would move a key such as `0` to the front. */
function jsonObject(entries: readonly (readonly [key: string, json: string])[]): string {
  const keys = new Set(entries.map(([key]) => key));
  if (keys.size !== entries.length) throw new Error(`a name is given twice in ${[...keys].join(', ')}`);
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}

function* blocksOf(header: Uint8Array, tensors: readonly NamedTensor[]): Generator<Uint8Array> {
  yield header;
  for (const { values } of tensors) {
    for (let start = 0; start < values.byteLength; start += blockBytes) {
      const length = Math.min(blockBytes, values.byteLength - start);
      yield new Uint8Array(values.buffer, values.byteOffset + start, length);
    }
  }
}

/** SHA-256 (hex) over the bytes of an array: `parametersSha256` of [P] as little-endian float32. */
export function sha256OfValues(values: TensorValues): string {
  const hash = createHash('sha256');
  return hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)).digest('hex');
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);
export const isDtype = (text: string): text is Dtype => Object.hasOwn(arrayTypes, text);

export function dtypeOf(values: TensorValues): Dtype {
  if (values instanceof Float32Array) return 'F32';
  if (values instanceof Float64Array) return 'F64';
  return values instanceof Uint8Array ? 'U8' : 'I64';
}

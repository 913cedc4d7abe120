/**
 * The checksum of a payload (assembly/checksum.ts), for bytes anywhere in memory.
 *
 * Bytes that lie in the memory of kernels are read in place. Others are copied block by block to where WebAssembly
 * can read them, and read there while they are still in the second cache: half the time of zlib's CRC-32, which
 * was two fifths of an exchange.
 */
import { kernelsModule } from './kernels-module.ts';

interface ChecksumExports {
  checksumRows(state: number, data: number, byteCount: number): void;
  checksumEnd(state: number, byteCount: number): number;
}

/** A memory, and who reads it. */
interface Reader {
  readonly memory: Uint8Array;
  readonly compiled: ChecksumExports;
}

const pageBytes = 65_536;
const rowBytes = 64;
const stateAt = pageBytes - 2 * rowBytes; // at the end of the module's own page, whose beginning it uses
const lastRowAt = pageBytes - rowBytes;
const blockAt = pageBytes; // of a memory that is for checksums alone
const blockBytes = 2 * pageBytes;

const readers = new WeakMap<ArrayBufferLike, Reader>();
let copying: Reader | null = null;

/** Lets checksums of what lies in the memory of this instance be taken in place. */
export function readInPlace(memory: WebAssembly.Memory, instance: WebAssembly.Instance): void {
  readers.set(memory.buffer, readerOf(memory, instance));
}

/** @returns uint32; the same bytes give the same on any machine */
export function checksumOf(bytes: Uint8Array): number {
  const inPlace = readers.get(bytes.buffer);
  const reader = inPlace ?? (copying ??= createReader());
  const { memory, compiled } = reader;
  memory.fill(0, stateAt, stateAt + rowBytes);
  const wholeBytes = bytes.length - (bytes.length % rowBytes);
  if (inPlace !== undefined) compiled.checksumRows(stateAt, bytes.byteOffset, wholeBytes);
  else readCopied(reader, bytes.subarray(0, wholeBytes));
  if (wholeBytes < bytes.length) {
    memory.fill(0, lastRowAt, lastRowAt + rowBytes);
    memory.set(bytes.subarray(wholeBytes), lastRowAt);
    compiled.checksumRows(stateAt, lastRowAt, rowBytes);
  }
  return compiled.checksumEnd(stateAt, bytes.length) >>> 0;
}

function readCopied({ memory, compiled }: Reader, rows: Uint8Array): void {
  for (let start = 0; start < rows.length; start += blockBytes) {
    const block = rows.subarray(start, start + blockBytes);
    memory.set(block, blockAt);
    compiled.checksumRows(stateAt, blockAt, block.length);
  }
}

function createReader(): Reader {
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 });
  return readerOf(memory, new WebAssembly.Instance(kernelsModule(), { env: { memory } }));
}

const readerOf = (memory: WebAssembly.Memory, instance: WebAssembly.Instance): Reader => ({
  memory: new Uint8Array(memory.buffer),
  compiled: instance.exports as unknown as ChecksumExports,
});

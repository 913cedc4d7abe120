/**
 * The checksum of a payload (assembly/checksum.ts), for bytes anywhere in memory.
 *
 * Bytes are copied block by block to where WebAssembly can read them, and read there while they are still in the
 * second cache: half the time of zlib's CRC-32, which was two fifths of an exchange.
 */
import { kernelsModule } from './kernels-module.ts';

interface ChecksumExports {
  checksumRows(state: number, data: number, byteCount: number): void;
  checksumEnd(state: number, byteCount: number): number;
}

const pageBytes = 65_536;
const stateAt = pageBytes; // the first page is the module's own
const stateBytes = 64;
const dataAt = 2 * pageBytes;
const blockBytes = 2 * pageBytes;

let parts: { readonly memory: Uint8Array; readonly compiled: ChecksumExports } | null = null;

/** @returns uint32; the same bytes give the same on any machine */
export function checksumOf(bytes: Uint8Array): number {
  const { memory, compiled } = (parts ??= createParts());
  memory.fill(0, stateAt, stateAt + stateBytes);
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = bytes.subarray(start, start + blockBytes);
    memory.set(block, dataAt);
    const wholeRows = Math.ceil(block.length / stateBytes) * stateBytes;
    memory.fill(0, dataAt + block.length, dataAt + wholeRows);
    compiled.checksumRows(stateAt, dataAt, wholeRows);
  }
  return compiled.checksumEnd(stateAt, bytes.length) >>> 0;
}

function createParts() {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
  const instance = new WebAssembly.Instance(kernelsModule(), { env: { memory } });
  return { memory: new Uint8Array(memory.buffer), compiled: instance.exports as unknown as ChecksumExports };
}

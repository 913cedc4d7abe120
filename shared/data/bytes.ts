/**
 * Bytes of a file in order, as they are or inflated, pulled into the caller's buffer.
 *
 * The decompressor runs on a thread of its own and is ahead by a few megabytes at most. zlib checks its
 * Adler-32 or CRC-32 when the last byte is read, so a reader must go on to the end to know that what it read
 * is whole.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable, pipeline } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { dataError, LockstepError } from '../errors.ts';
import { faultAt, fetchAgain } from './source.ts';

export type Encoding = 'stored' | 'zlib' | 'gzip';

export interface ByteReader {
  /** Fills `out` as far as there are bytes. @returns bytes read; fewer than `out` holds only at the end */
  fill(out: Uint8Array): Promise<number>;
  /** Bytes of the file that the bytes read so far were made of; exact at the end. */
  consumedBytes(): number;
  close(): void;
}

export interface SourceFile {
  readonly path: string;
  readonly size: number; // bytes
  /** Reads [start, end) of the file. */
  bytes(start: number, end: number, encoding: Encoding): ByteReader;
  close(): Promise<void>;
}

const chunkBytes = 2 ** 20; // smaller ones cost speed: each is a round trip to the decompressor's thread

/** Opens a regular, non-empty file. @throws LockstepError (65) for a missing, unreadable or empty file or a folder */
export async function openSource(path: string): Promise<SourceFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  const stat = await handle.stat();
  if (!stat.isFile() || stat.size === 0) {
    await handle.close();
    if (stat.isDirectory()) throw dataError(`${path}: got a folder, expected a file; name the files in it`);
    if (!stat.isFile())
      throw dataError(`${path}: got a pipe or device, expected a regular file; save it to a file first`);
    throw faultAt({ path, offset: 0 }, 'an empty file', 'images', fetchAgain);
  }
  return {
    path,
    size: stat.size,
    bytes: (start, end, encoding) => createReader(path, handle, start, end, encoding),
    close: () => handle.close(),
  };
}

/** The line for a file that the operating system does not give. */
export function unreadable(path: string, error: unknown): LockstepError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return dataError(`${path}: no such file; check the path`, error);
  if (code === 'EACCES' || code === 'EPERM')
    return dataError(`${path}: no permission to read it; change its mode or its owner`, error);
  return dataError(`${path}: cannot be read (${code}); check the disk`, error);
}

function createReader(
  path: string,
  handle: FileHandle,
  start: number,
  end: number,
  encoding: Encoding,
): ByteReader {
  const chunks = fileChunks(path, handle, start, end);
  if (encoding === 'stored')
    return readerOver(
      chunks,
      (given) => given,
      () => {},
    );
  const options = { chunkSize: chunkBytes, highWaterMark: 2 * chunkBytes };
  const inflate = encoding === 'zlib' ? createInflate(options) : createGunzip(options);
  // The error reaches the reader through the iterator of `inflate`: the callback has nothing to add.
  pipeline(Readable.from(chunks, { objectMode: false }), inflate, () => {});
  const iterator = translateErrors(inflate, path, start);
  return readerOver(
    iterator,
    () => inflate.bytesWritten,
    () => inflate.destroy(),
  );
}

/** @param consumed given the bytes handed out, says how many bytes of the file they came from */
function readerOver(
  chunks: AsyncGenerator<Uint8Array>,
  consumed: (givenBytes: number) => number,
  stop: () => void,
): ByteReader {
  let chunk: Uint8Array = new Uint8Array(0);
  let used = 0; // bytes of `chunk` already handed out
  let givenBytes = 0;
  return {
    async fill(out) {
      let filled = 0;
      while (filled < out.length) {
        if (used === chunk.length) {
          const next = await chunks.next();
          if (next.done === true) break;
          chunk = next.value;
          used = 0;
        }
        const count = Math.min(out.length - filled, chunk.length - used);
        out.set(chunk.subarray(used, used + count), filled);
        used += count;
        filled += count;
      }
      givenBytes += filled;
      return filled;
    },
    consumedBytes: () => consumed(givenBytes),
    close: stop,
  };
}

async function* fileChunks(
  path: string,
  handle: FileHandle,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - position));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

async function* translateErrors(
  inflate: ReturnType<typeof createInflate> | ReturnType<typeof createGunzip>,
  path: string,
  start: number,
): AsyncGenerator<Uint8Array> {
  try {
    yield* inflate as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    const offset = start + inflate.bytesWritten;
    throw faultAt(
      { path, offset },
      `compressed data with a fault (${(error as Error).message})`,
      'whole compressed data',
      fetchAgain,
    );
  }
}

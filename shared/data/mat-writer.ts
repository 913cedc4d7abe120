/**
 * Writes images and labels as SVHN has them: a MATLAB Level 5 file with compressed `X` and `y`.
 *
 * The length of compressed data is known when it is written, so each element gets its tag last. Rows are asked
 * for a block at a time, no faster than they are compressed: memory does not grow with the file.
 */
import type { FileHandle } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflate } from 'node:zlib';
import { usageError } from '../errors.ts';
import { writeFileAtomically, writeWholly } from './atomic-file.ts';
import { columnMajorTable, invertTable, permuteRows } from './column-major.ts';
import { type ImageShape, rowLength } from './dataset.ts';
import { headerBytes, miCompressed, miInt32, miInt8, miMatrix, miUint32, miUint8 } from './mat-format.ts';
import { mxDouble, mxUint8, tagBytes } from './mat-format.ts';

export interface MatContent {
  readonly shape: ImageShape;
  readonly rowCount: number;
  /** Blocks of whole rows, `rowCount` in all; a block may be overwritten once the next one is asked for. */
  readonly rows: Iterable<Uint8Array>;
  /** Asked for after the last row; digits, and 0 is written as 10, as SVHN does. */
  readonly labels: () => Uint8Array;
}

/** MATLAB reads no larger variable from a file of this version. */
const maxVariableBytes = 2 ** 31 - 1;
const compressionLevel = 4; // noise compresses no better at 6, which takes twice as long

/** @throws LockstepError (64) when X would be larger than the format allows; what the file system throws */
export async function writeMat(path: string, { shape, rowCount, rows, labels }: MatContent): Promise<void> {
  const { height, width, channels } = shape;
  const rowBytes = rowLength(shape);
  if (rowBytes * rowCount > maxVariableBytes) {
    const most = Math.floor(maxVariableBytes / rowBytes);
    throw usageError(`${path}: got ${rowCount} rows, expected at most ${most} in a .mat file; write several`);
  }
  await writeFileAtomically(path, async (handle) => {
    await writeWholly(handle, fileHeader());
    const dims = [height, width, channels, rowCount];
    const images = columnMajorBlocks(shape, rows);
    const end = await writeVariable(
      handle,
      headerBytes,
      matrix('X', mxUint8, dims, rowBytes * rowCount, images),
    );
    const values = labels().map((label) => (label === 0 ? 10 : label));
    await writeVariable(handle, end, matrix('y', mxDouble, [rowCount, 1], rowCount, [values]));
  });
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.fill(' ', 0, 116);
  header.write('MATLAB 5.0 MAT-file, written by Lockstep', 0, 'latin1');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126, 'latin1');
  return header;
}

/** Compresses `parts` into an element at `offset`, where the file ends. @returns where it ends then */
async function writeVariable(
  handle: FileHandle,
  offset: number,
  parts: Iterable<Uint8Array>,
): Promise<number> {
  const tag = Buffer.alloc(tagBytes);
  await writeWholly(handle, tag);
  let storedBytes = 0;
  const file = new Writable({
    write(chunk: Buffer, _encoding, done) {
      storedBytes += chunk.length;
      writeWholly(handle, chunk).then(() => done(), done);
    },
  });
  await pipeline(
    Readable.from(parts, { objectMode: false }),
    createDeflate({ level: compressionLevel }),
    file,
  );
  tag.writeUInt32LE(miCompressed, 0);
  tag.writeUInt32LE(storedBytes, 4);
  await handle.write(tag, 0, tagBytes, offset);
  return offset + tagBytes + storedBytes;
}

/** The bytes of an array: tag, flags, dimensions, name, values. */
function* matrix(
  name: string,
  classCode: number,
  dims: readonly number[],
  valueBytes: number,
  values: Iterable<Uint8Array>,
): Generator<Uint8Array> {
  const flags = element(miUint32, Buffer.from(Uint32Array.of(classCode, 0).buffer));
  const sizes = element(miInt32, Buffer.from(Int32Array.from(dims).buffer));
  const header = Buffer.concat([flags, sizes, element(miInt8, Buffer.from(name, 'latin1'))]);
  const small = valueBytes <= 4;
  const valueTag = small ? u32(miUint8 | (valueBytes << 16)) : u32(miUint8, valueBytes);
  const padding = Buffer.alloc(small ? 4 - valueBytes : -valueBytes & 7);
  const bytes = header.length + valueTag.length + valueBytes + padding.length;
  yield Buffer.concat([u32(miMatrix, bytes), header, valueTag]);
  yield* values;
  yield padding;
}

/** An element of at most a few bytes, padded to eight; up to four bytes lie within the tag. */
function element(type: number, data: Buffer): Buffer {
  if (data.length <= 4)
    return Buffer.concat([u32(type | (data.length << 16)), data, Buffer.alloc(4 - data.length)]);
  return Buffer.concat([u32(type, data.length), data, Buffer.alloc(-data.length & 7)]);
}

const u32 = (...words: readonly number[]): Buffer => Buffer.from(Uint32Array.from(words).buffer);

/** Rows in MATLAB's order; every block is a new one, since the stream behind it keeps some. */
function* columnMajorBlocks(shape: ImageShape, rows: Iterable<Uint8Array>): Generator<Uint8Array> {
  const table = invertTable(columnMajorTable(shape));
  for (const block of rows) {
    const images = new Uint8Array(block.length);
    permuteRows(block, table, block.length, images);
    yield images;
  }
}

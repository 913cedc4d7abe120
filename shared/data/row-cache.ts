/**
 * Rows on disk: one flat file from which any row is read by its index.
 *
 *   4,096 bytes  magic, length and CRC-32 of the header, header (JSON), zeros
 *   N x D bytes  rows
 *   N bytes      labels, where the data set has them
 *
 * The file is written once, under a temporary name, and renamed when it is whole. Opening it reads the header
 * and the labels; sizes are checked against the file, and the content's hash, which was computed while
 * writing, is taken from the header. `scanRowCache` computes it anew.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { dataError, runError } from '../errors.ts';
import { removeTemporaries, writeFileAtomically, writeWhollySync } from './atomic-file.ts';
import { unreadable } from './bytes.ts';
import { type Dataset, type ImageShape, rowLength } from './dataset.ts';
import { createRowHasher } from './row-hash.ts';
import { type RowSink, rowsPerBlock } from './source.ts';
import type { Contents } from './sources.ts';

const magic = 'LOCKROW1';
export const preambleBytes = 4096;
const headerAt = 16; // behind magic, length and CRC

/** A data set that other processes can open too, by the path of its cache file. */
export interface CachedDataset extends Dataset {
  readonly cachePath: string;
}

/** What stands at the beginning of a cache file. */
export interface Header {
  readonly name: string;
  readonly shape: ImageShape;
  readonly rowCount: number;
  readonly labelled: boolean;
  readonly classCount: number;
  readonly hash: string;
}

/**
 * Writes a cache file; two processes that write the same one at once both end with a whole file.
 *
 * @param produce pushes every row, and returns what they are
 * @throws LockstepError of `produce`; exit 1 when the file cannot be written
 */
export async function writeRowCache(
  path: string,
  name: string,
  produce: (sink: RowSink) => Promise<Contents>,
): Promise<void> {
  try {
    await writeFileAtomically(path, async ({ fd }) => {
      sweep(dirname(path), fs.fstatSync(fd).mtimeMs);
      const hasher = createRowHasher();
      writeWhollySync(fd, new Uint8Array(preambleBytes));
      const push = (rows: Uint8Array): void => {
        hasher.update(rows);
        writeWhollySync(fd, rows);
      };
      const { shape, rowCount, labels } = await produce({ begin: () => {}, push });
      if (labels !== null) writeWhollySync(fd, labels);
      const hash = hasher.digest(shape, rowCount, labels);
      const header: Header = {
        name,
        shape,
        rowCount,
        labelled: labels !== null,
        classCount: countClasses(labels),
        hash,
      };
      fs.writeSync(fd, encodeHeader(header), 0, preambleBytes, 0);
    });
  } catch (error) {
    throw unwritable(path, error);
  }
}

const abandonedMs = 24 * 60 * 60 * 1000;

/** Removes what conversions that were killed left in the folder, as large as a whole cache each. */
function sweep(folder: string, nowMs: number): void {
  try {
    removeTemporaries(folder, nowMs - abandonedMs);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EACCES', 'EPERM'].includes(code)) throw error; // another user's stays for its owner
  }
}

/** Opens a cache file, as workers do. @throws LockstepError (65) when it is missing, cut or of another version */
export function openRowCache(path: string): CachedDataset {
  let fd: number;
  try {
    fd = fs.openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const header = readHeader(path, fd);
    return createDataset(path, fd, header);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** Reads a whole cache file. @throws LockstepError (65) when rows or labels are not those that were written */
export function scanRowCache(path: string): Dataset {
  const dataset = openRowCache(path);
  const { shape, rowCount, labels } = dataset;
  const hasher = createRowHasher();
  const rowBytes = rowLength(shape);
  const blockRows = rowsPerBlock(rowBytes);
  for (let first = 0; first < rowCount; first += blockRows) {
    const indices = Uint32Array.from({ length: Math.min(blockRows, rowCount - first) }, (_, i) => first + i);
    const rows = new Uint8Array(indices.length * rowBytes);
    dataset.readRows(indices, rows);
    hasher.update(rows);
  }
  const hash = hasher.digest(shape, rowCount, labels);
  if (hash === dataset.hash) return dataset;
  dataset.close();
  throw damaged(path, `content of hash ${hash.slice(0, 12)}`, dataset.hash.slice(0, 12));
}

function createDataset(path: string, fd: number, header: Header): CachedDataset {
  const { name, shape, rowCount, labelled, classCount, hash } = header;
  const rowBytes = rowLength(shape);
  const labels = labelled ? new Uint8Array(rowCount) : null;
  if (labels !== null) readWhole(path, fd, labels, preambleBytes + rowCount * rowBytes);
  let open = true;
  return {
    name,
    shape,
    rowCount,
    hash,
    labels,
    classCount,
    cachePath: path,
    readRows(indices, out) {
      for (let i = 0; i < indices.length;) {
        const first = indices[i]!;
        let count = 1;
        while (i + count < indices.length && indices[i + count] === first + count) count++;
        if (first + count > rowCount) throw new RangeError(`row ${first + count - 1} of ${rowCount}`);
        const target = out.subarray(i * rowBytes, (i + count) * rowBytes);
        readWhole(path, fd, target, preambleBytes + first * rowBytes);
        i += count;
      }
    },
    close() {
      if (open) fs.closeSync(fd);
      open = false;
    },
  };
}

function readWhole(path: string, fd: number, out: Uint8Array, position: number): void {
  for (let filled = 0; filled < out.length;) {
    const bytesRead = fs.readSync(fd, out, filled, out.length - filled, position + filled);
    if (bytesRead === 0) throw damaged(path, `the end of the file at byte ${position + filled}`, 'rows');
    filled += bytesRead;
  }
}

/** The first `preambleBytes` of a cache file. */
export function encodeHeader(header: Header): Buffer {
  // A name may be long, when many files make one data set; what it says is for people.
  const json = Buffer.from(JSON.stringify({ ...header, name: header.name.slice(0, 500) }));
  const preamble = Buffer.alloc(preambleBytes);
  preamble.write(magic, 0, 'latin1');
  preamble.writeUInt32LE(json.length, 8);
  preamble.writeUInt32LE(crc32(json), 12);
  json.copy(preamble, headerAt);
  return preamble;
}

function readHeader(path: string, fd: number): Header {
  const preamble = Buffer.alloc(preambleBytes);
  const bytesRead = fs.readSync(fd, preamble, 0, preambleBytes, 0);
  const found = preamble.toString('latin1', 0, 8);
  if (bytesRead < preambleBytes || found !== magic) {
    throw damaged(path, `a file that begins ${JSON.stringify(found)}`, `${magic} and a header`);
  }
  const json = preamble.subarray(headerAt, headerAt + preamble.readUInt32LE(8));
  if (crc32(json) !== preamble.readUInt32LE(12))
    throw damaged(path, 'a damaged header', 'one of matching CRC-32');
  const header = JSON.parse(json.toString()) as Header; // ours, to the bit: the CRC says so
  const { rowCount, shape, labelled } = header;
  const expectedBytes = preambleBytes + rowCount * rowLength(shape) + (labelled ? rowCount : 0);
  const { size } = fs.fstatSync(fd);
  if (size !== expectedBytes) throw damaged(path, `${size} bytes`, `${expectedBytes} for ${rowCount} rows`);
  return header;
}

const damaged = (path: string, got: string, expected: string): Error =>
  dataError(
    `${path}: row cache with a fault: got ${got}, expected ${expected}; delete it, and it is made again`,
  );

function countClasses(labels: Uint8Array | null): number {
  return labels === null ? 0 : labels.reduce((highest, label) => Math.max(highest, label), 0) + 1;
}

/** The line for a cache that the operating system does not let be written; other errors as they are. */
export function unwritable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return runError(
        `${path}: no space left for the row cache; free some, or put the cache on a larger disk`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return runError(
        `${path}: no permission to write the row cache (${code}); change the folder's mode or put the cache elsewhere`,
      );
    default:
      if (typeof code !== 'string') return error; // of `produce`
      return runError(`${path}: the row cache cannot be written (${code}); put the cache elsewhere`);
  }
}

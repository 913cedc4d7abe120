/**
 * A copy of a row cache that is made row by row, in order, from rows that somebody sends.
 *
 * It grows under a temporary name, `.NAME.partial`, and remembers how many rows it has: who makes a copy after another
 * was killed goes on where that one ended. Several processes may write the same copy at once, since all write the
 * same bytes to the same places; but one that sees another at work waits for it. In the end the whole content is read
 * and hashed, and only what has the hash that was told gets its name.
 *
 *   4,096 bytes  magic, rows that are here (u32); at the end replaced by the header of a row cache
 *   N x D bytes  rows
 *   N bytes      labels, where the data set has them
 */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { dataError } from '../errors.ts';
import { syncFolder } from './atomic-file.ts';
import type { Batch } from './dataset.ts';
import { rowLength } from './dataset.ts';
import {
  encodeHeader,
  openRowCache,
  preambleBytes,
  unwritable,
  type CachedDataset,
  type Header,
} from './row-cache.ts';
import { createRowHasher } from './row-hash.ts';
import { rowsPerBlock } from './source.ts';

const magic = 'LOCKCOPY';

export interface RowCopy {
  /** Rows that are here already: the next one is that of this index. */
  readonly rowCount: number;
  /** Appends rows. @throws LockstepError (1) when they cannot be written */
  append(batch: Batch): void;
  /** Checks the whole content and gives it its name. @throws LockstepError (65) when its hash is another */
  finish(): Promise<CachedDataset>;
  close(): void;
}

const partialPath = (path: string): string => join(dirname(path), `.${basename(path)}.partial`);

/** When somebody last wrote to the unfinished copy, in Unix ms; null where there is none. */
export const lastWrittenMs = (path: string): number | null =>
  fs.statSync(partialPath(path), { throwIfNoEntry: false })?.mtimeMs ?? null;

/** Begins a copy, or goes on with one. @throws LockstepError (1) when it cannot be written */
export function openRowCopy(path: string, header: Header): RowCopy {
  const partial = partialPath(path);
  const rowBytes = rowLength(header.shape);
  const labelsAt = preambleBytes + header.rowCount * rowBytes;
  const attempt = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw unwritable(path, error);
    }
  };
  const fd = attempt(() => {
    fs.mkdirSync(dirname(path), { recursive: true });
    return fs.openSync(partial, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  });
  let rowCount = rowsHere(fd, header);
  let isOpen = true;

  function close(): void {
    if (isOpen) fs.closeSync(fd);
    isOpen = false;
  }

  return {
    get rowCount() {
      return rowCount;
    },

    append({ rows, labels, rowCount: count }) {
      attempt(() => {
        writeAt(fd, rows, preambleBytes + rowCount * rowBytes);
        if (labels !== null) writeAt(fd, labels, labelsAt + rowCount);
        rowCount += count;
        writeAt(fd, progressOf(rowCount), 0);
      });
    },

    async finish() {
      const hash = await hashOf(fd, header);
      if (hash !== header.hash) {
        close();
        fs.rmSync(partial, { force: true });
        const [got, expected] = [hash, header.hash].map((text) => text.slice(0, 12));
        throw dataError(
          `${path}: the copy has hash ${got}, expected ${expected}; it is deleted: start the worker again`,
        );
      }
      attempt(() => {
        writeAt(fd, encodeHeader(header), 0);
        fs.fsyncSync(fd);
        if (fs.existsSync(partial)) fs.renameSync(partial, path); // unless another process was faster
        syncFolder(dirname(path));
      });
      close();
      return openRowCache(path);
    },

    close,
  };
}

/** Rows of an unfinished copy; none where it is not one, or was torn. */
function rowsHere(fd: number, { rowCount }: Header): number {
  const preamble = Buffer.alloc(magic.length + 4);
  const bytesRead = fs.readSync(fd, preamble, 0, preamble.length, 0);
  if (bytesRead < preamble.length || preamble.toString('latin1', 0, magic.length) !== magic) return 0;
  return Math.min(rowCount, preamble.readUInt32LE(magic.length));
}

function progressOf(rowCount: number): Uint8Array {
  const preamble = Buffer.alloc(magic.length + 4);
  preamble.write(magic, 0, 'latin1');
  preamble.writeUInt32LE(rowCount, magic.length);
  return preamble;
}

/** Of the content, read block by block; the process stays responsive. */
async function hashOf(fd: number, { shape, rowCount, labelled }: Header): Promise<string> {
  const rowBytes = rowLength(shape);
  const hasher = createRowHasher();
  const blockRows = rowsPerBlock(rowBytes);
  for (let first = 0; first < rowCount; first += blockRows) {
    const count = Math.min(blockRows, rowCount - first);
    hasher.update(readAt(fd, count * rowBytes, preambleBytes + first * rowBytes));
    await nextTurn();
  }
  const labels = labelled ? readAt(fd, rowCount, preambleBytes + rowCount * rowBytes) : null;
  return hasher.digest(shape, rowCount, labels);
}

/** What is not there reads as zeros: the hash will tell. */
function readAt(fd: number, length: number, position: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const bytesRead = fs.readSync(fd, bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) return bytes;
    filled += bytesRead;
  }
  return bytes;
}

function writeAt(fd: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length;)
    written += fs.writeSync(fd, bytes, written, bytes.length - written, position + written);
}

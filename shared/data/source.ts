/**
 * What readers of image files have in common: rows are pushed, in order, into a sink.
 *
 * A reader goes through its file once, from the first byte to the last, and holds a block of rows at a time:
 * memory does not grow with the file. Labels (one byte a row) are the exception, and are returned at the end,
 * since a file may hold them behind the rows.
 */
import type { ImageShape } from './dataset.ts';
import { dataError, type LockstepError } from '../errors.ts';

export interface RowSink {
  /** Told once a file, before its rows; throws when they do not fit those of the file before. */
  begin(shape: ImageShape, rowCount: number, path: string): void;
  /** Whole rows [n, D], channels last. The buffer is the reader's, and is overwritten after the call. */
  push(rows: Uint8Array): void;
}

/** Where in a file something was found: an offset in bytes, and one in the inflated bytes of an element. */
export interface Place {
  readonly path: string;
  readonly offset: number;
  readonly inflatedOffset?: number;
}

/** The one line about bytes that are not what they should be (exit 65). */
export function faultAt(place: Place, got: string, expected: string, remedy: string): LockstepError {
  const inflated = place.inflatedOffset === undefined ? '' : ` (inflated byte ${place.inflatedOffset})`;
  return dataError(
    `${place.path}: at byte ${place.offset}${inflated}: got ${got}, expected ${expected}; ${remedy}`,
  );
}

/** What to do about a file that was cut or changed on its way. */
export const fetchAgain = 'the file is damaged: copy or download it again';

/** An image larger than this is not one of a data set to train on, and is refused before room is made for it. */
export const maxRowBytes = 2 ** 24;

/** Deflate cannot expand a byte to more than 1,032 (RFC 1951: 258 bytes from two bits). */
export const maxInflation = 1032;

const blockBytes = 2 ** 18;

/** Rows that readers handle at once: a quarter of a megabyte, and at least one row. */
export const rowsPerBlock = (rowBytes: number): number => Math.max(1, Math.floor(blockBytes / rowBytes));

/**
 * The payload of a frame of rows: b rows of D bytes, and behind them b labels where the data set has any.
 */
import { crc32 } from 'node:zlib';
import { rowLength, type Dataset, type ImageShape } from '../data/dataset.ts';
import { maxPayloadBytes } from './frame.ts';
import { dataSets, maxRowsAsked, type DataDescription, type DataSetName } from './data-messages.ts';

interface RowFormat {
  readonly shape: ImageShape;
  readonly labelled: boolean;
}

/** Bytes that a row takes in a frame, with its label. */
export const bytesPerRow = ({ shape, labelled }: RowFormat): number => rowLength(shape) + (labelled ? 1 : 0);

/** Rows that are asked for at once; 0 where a single one is larger than a frame. */
export const rowsPerFrame = (format: RowFormat): number =>
  Math.min(maxRowsAsked, Math.floor(maxPayloadBytes / bytesPerRow(format)));

/** Which rows a frame holds, in 32 bits: its chunk, since another worker's request may have the same number. */
export const rowsDigest = (of: DataSetName, rows: ArrayLike<number>): number =>
  crc32(new Uint8Array(Uint32Array.of(dataSets.indexOf(of), ...Array.from(rows)).buffer));

/** Reads rows as they travel. @throws RangeError for a row that is not there */
export function packRows(dataset: Dataset, rows: readonly number[]): Uint8Array {
  const { labels, shape } = dataset;
  const rowBytes = rows.length * rowLength(shape);
  const packed = new Uint8Array(rowBytes + (labels === null ? 0 : rows.length));
  dataset.readRows(Uint32Array.from(rows), packed.subarray(0, rowBytes));
  if (labels !== null) rows.forEach((row, i) => (packed[rowBytes + i] = labels[row]!));
  return packed;
}

/** What a worker is told of a data set. */
export const describeData = (dataset: Dataset, path: string): DataDescription => ({
  path,
  name: dataset.name,
  hash: dataset.hash,
  shape: { ...dataset.shape },
  rowCount: dataset.rowCount,
  labelled: dataset.labels !== null,
  classCount: dataset.classCount,
});

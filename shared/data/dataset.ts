/**
 * What the trainer knows of images: rows of bytes, with labels or without.
 *
 * A row is one image, height x width x channels, uint8, channels last. Rows live on disk in a cache of flat
 * bytes (one file a data set, made once from the source files), so that any row can be read by its index and
 * no process grows with the data set.
 */

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Bytes, and values, of a row: D. */
export const rowLength = ({ height, width, channels }: ImageShape): number => height * width * channels;

export interface Dataset {
  readonly name: string; // for people: the source files
  readonly shape: ImageShape;
  readonly rowCount: number; // N
  /** SHA-256 (hex) over shape, rows and labels: two data sets with equal hashes are the same. */
  readonly hash: string;
  /** One class a row, [N]; null where the source has none. */
  readonly labels: Uint8Array | null;
  readonly classCount: number; // 0 without labels
  /** Copies the rows into `out` [indices.length, D], overwriting it. */
  readRows(indices: Uint32Array, out: Uint8Array): void;
  close(): void;
}

/** The rows and labels of one micro-batch. */
export interface Batch {
  readonly rows: Uint8Array; // [b, D]
  readonly labels: Uint8Array | null; // [b]
  readonly rowCount: number; // b
}

/** Reads rows by their indices, [b], with their labels. */
export function readBatch(dataset: Dataset, indices: Uint32Array): Batch {
  const rows = new Uint8Array(indices.length * rowLength(dataset.shape));
  dataset.readRows(indices, rows);
  const { labels: all } = dataset;
  const labels = all && Uint8Array.from(indices, (row) => all[row]!);
  return { rows, labels, rowCount: indices.length };
}

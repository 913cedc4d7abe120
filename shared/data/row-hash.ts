/**
 * The identity of a data set: SHA-256 over shape, rows and labels, whatever file they came from.
 *
 * It is the digest of one line of JSON that holds the digests of rows and of labels, so that rows can be hashed
 * as they stream past, before their number or their labels are known.
 */
import { createHash } from 'node:crypto';
import type { ImageShape } from './dataset.ts';

export interface RowHasher {
  /** Rows, in order. */
  update(rows: Uint8Array): void;
  /** @returns hex; ends the hasher */
  digest(shape: ImageShape, rowCount: number, labels: Uint8Array | null): string;
}

export function createRowHasher(): RowHasher {
  const rows = createHash('sha256');
  return {
    update: (bytes) => void rows.update(bytes),
    digest({ height, width, channels }, rowCount, labels) {
      const content = {
        shape: [height, width, channels],
        rowCount,
        rows: rows.digest('hex'),
        labels: labels === null ? null : createHash('sha256').update(labels).digest('hex'),
      };
      return createHash('sha256').update(JSON.stringify(content)).digest('hex');
    },
  };
}

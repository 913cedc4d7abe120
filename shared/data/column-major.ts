/**
 * Between MATLAB's order of an image and ours: (height, width, channels) column-major against row-major.
 *
 * Value (r, c, k) lies at r + H c + H W k in MATLAB, and at (r W + c) C + k in a row. One table for a data set
 * serves all its images; looking up is as fast as nested loops, and knows any shape.
 */
import { type ImageShape, rowLength } from './dataset.ts';

/** For each value of a row, where MATLAB's order has it: [D]. */
export function columnMajorTable(shape: ImageShape): Int32Array {
  const { height, width, channels } = shape;
  const table = new Int32Array(rowLength(shape));
  let at = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < channels; channel++)
        table[at++] = row + height * (column + width * channel);
  return table;
}

/** The inverse: for each value in MATLAB's order, where a row has it. */
export function invertTable(table: Int32Array): Int32Array {
  const inverse = new Int32Array(table.length);
  table.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}

/** Overwrites `out`: value i of each image becomes value table[i] of the same image. Both hold `bytes` bytes. */
export function permuteRows(images: Uint8Array, table: Int32Array, bytes: number, out: Uint8Array): void {
  const length = table.length;
  for (let base = 0; base < bytes; base += length) {
    for (let i = 0; i < length; i++) out[base + i] = images[base + table[i]!]!;
  }
}

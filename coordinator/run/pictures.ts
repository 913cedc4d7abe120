/**
 * The pictures of a run, as PNG: `pictures/NAME.png`, the latest, and of samples `samples-step-NNNNNNNN.png` too.
 *
 * Samples are always drawn from the same latents, so their history shows a model learning. Of the others only the
 * latest is kept: thousands of epochs must not fill the disk.
 *
 * Beside what was made of an image stands the image itself: reconstructions and round trips in pairs (original,
 * then the other), analogies as rows (original, then the draws). The first reconstructions come with
 * `originals.png`, their originals with their labels.
 */
import { join } from 'node:path';
import { writeFileAtomically, writeWholly } from '../../shared/data/atomic-file.ts';
import { rowLength, type ImageShape } from '../../shared/data/dataset.ts';
import type { Split } from '../../shared/protocol/messages.ts';
import type { Picture } from '../journal.ts';
import { encodeGrid, type Grid } from './grid.ts';

export interface PictureSource {
  readonly image: ImageShape;
  /** Copies rows of a split's data set into `out` [rows, D]. */
  readRows(split: Split, rows: Uint32Array, out: Uint8Array): void;
  /** Of all rows of a split's data set; null without. */
  labels(split: Split): Uint8Array | null;
}

/** @throws what `assertOwned` or the file system throws */
export async function writePicture(
  folder: string,
  picture: Picture,
  source: PictureSource,
  assertOwned: () => void,
): Promise<void> {
  const png = await encodeGrid(layOut(picture, source));
  const names = [picture.name];
  if (picture.kind === 'samples')
    names.unshift(`${picture.name}-step-${String(picture.step).padStart(8, '0')}`);
  for (const name of names) {
    await writeFileAtomically(join(folder, `${name}.png`), (handle) => writeWholly(handle, png), assertOwned);
  }
}

/** The picture of the originals of another one. */
export function originalsOf(picture: Picture, source: PictureSource): Picture {
  const pixels = Float32Array.from(originalBytes(picture, source), (byte) => byte / 255);
  return { ...picture, name: 'originals', kind: 'originals', pixels };
}

/** @returns the grid that shows a picture */
export function layOut(picture: Picture, source: PictureSource): Grid {
  const { image } = source;
  const { columns } = picture;
  // The decoded pixels of an unclipped round trip leave [0, 1]; cast to bytes they wrap, as in the post.
  const made = toBytes(picture.pixels, picture.kind === 'roundTrip' ? wrap : clamp);
  switch (picture.kind) {
    case 'samples':
    case 'interpolation':
      return { image, cells: made, columns };
    case 'originals': {
      const labels = source.labels(picture.split);
      if (labels === null) return { image, cells: made, columns };
      return { image, cells: made, columns, labels: picture.rows.map((row) => labels[row]!) };
    }
    case 'reconstructions':
    case 'roundTrip': {
      const cells = beside(originalBytes(picture, source), made, picture.rows.length, rowLength(image));
      return { image, cells, columns: 2 * columns, groupColumns: 2 };
    }
    case 'posterior': {
      const cells = beside(originalBytes(picture, source), made, picture.rows.length, rowLength(image));
      return { image, cells, columns: columns + 1 };
    }
    default:
      return picture.kind satisfies never;
  }
}

function originalBytes({ split, rows }: Picture, source: PictureSource): Uint8Array {
  const bytes = new Uint8Array(rows.length * rowLength(source.image));
  source.readRows(split, Uint32Array.from(rows), bytes);
  return bytes;
}

/** Of each row: its original, then what was made of it. @param originals [n, D] @param made [n * m, D] */
function beside(originals: Uint8Array, made: Uint8Array, count: number, length: number): Uint8Array {
  const each = count === 0 ? 0 : made.length / count; // bytes
  const cells = new Uint8Array(originals.length + made.length);
  for (let row = 0; row < count; row += 1) {
    const at = row * (length + each);
    cells.set(originals.subarray(row * length, (row + 1) * length), at);
    cells.set(made.subarray(row * each, (row + 1) * each), at + length);
  }
  return cells;
}

const clamp = (value: number): number => Math.min(255, Math.max(0, value));
const wrap = (value: number): number => value & 255;

/** NaN becomes 0. */
const toBytes = (pixels: Float32Array, fit: (value: number) => number): Uint8Array =>
  Uint8Array.from(pixels, (value) => fit(Math.round(value * 255) || 0));

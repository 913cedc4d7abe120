/**
 * The pictures of a run for its report: the latest of each kind, as data, and how the samples came to be.
 *
 * Every evaluation draws samples from the same latents, so the first rows of them, one under the other, show one
 * model learning. The rest of the older ones stay in the folder: a page with all of them would be too large.
 */
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { formatCount } from '../../shared/text.ts';
import type { PictureFile } from './read-run.ts';

export interface EmbeddedPicture {
  readonly title: string;
  readonly caption: string;
  readonly source: string; // a data URI
  readonly width: number; // pixels
  readonly height: number;
  readonly isWide: boolean; // shown over the whole width of a page
}

const captions: Readonly<Record<string, readonly [title: string, caption: string]>> = {
  samples: ['Samples', 'Images that the model made up: latents from the prior, decoded.'],
  reconstructions: [
    'Reconstructions',
    'In pairs: a held-out image, and what is left of it after encoder and decoder.',
  ],
  originals: ['Originals', 'Images of the data, with their labels where there are some.'],
  interpolation: ['Interpolation', 'Each row walks from one image to another through the latent space.'],
  'analogies-mean': [
    'Analogies, decoder means',
    'Each row: an image of one class, then means of the decoder for draws from its posterior.',
  ],
  'analogies-draw': [
    'Analogies, draws',
    'The same, with the output drawn from the decoder’s distribution: the noise that the model believes in.',
  ],
};

const order = Object.keys(captions);

/** The latest picture of each kind, samples with their history first. @param columns of the samples' grid */
export function picturesOf(files: readonly PictureFile[], columns: number): EmbeddedPicture[] {
  const latest = latestPictures(files);
  const strip = samplesOverTime(files, columns);
  return strip === null ? latest : latest.toSpliced(1, 0, strip);
}

/** The latest picture of each kind. */
export function latestPictures(files: readonly PictureFile[]): EmbeddedPicture[] {
  const latest = new Map<string, PictureFile>();
  for (const file of files) {
    const known = latest.get(file.name);
    if (known === undefined || ageless(file) > ageless(known)) latest.set(file.name, file);
  }
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const sorted = [...latest.values()].sort((a, b) => rank(a.name) - rank(b.name));
  return sorted.map((file) => {
    const [title, caption] = captions[file.name] ?? describe(file.name);
    const picture = embed(readFileSync(file.path));
    return { title, caption, ...picture, isWide: picture.width > wideRatio * picture.height };
  });
}

/** The bare name is the latest of all. */
const ageless = ({ step }: PictureFile): number => step ?? Infinity;

function describe(name: string): readonly [title: string, caption: string] {
  const found = /^pca-(\d+)(-unclipped)?$/.exec(name);
  if (found === null) return [name, ''];
  const through = `In pairs: an image, and the same from its ${found[1]} principal components alone`;
  return found[2] === undefined
    ? [`${found[1]} components`, `${through}: no model, only what the projection keeps.`]
    : [`${found[1]} components, not clipped`, `${through}, where values beyond black and white wrap around.`];
}

const wideRatio = 1.6; // of width to height
const stripLimit = 8; // rows

/** The first row of samples at several steps, first and last among them; null with fewer than two. */
export function samplesOverTime(files: readonly PictureFile[], columns: number): EmbeddedPicture | null {
  const dated = files.flatMap(({ name, step, path }) =>
    name === 'samples' && step !== null ? [{ step, path }] : [],
  );
  dated.sort((a, b) => a.step - b.step);
  const count = Math.min(stripLimit, dated.length);
  if (count < 2) return null;
  const chosen = Array.from(
    { length: count },
    (_, index) => dated[Math.round((index * (dated.length - 1)) / (count - 1))]!,
  );
  const pictures = chosen.map(({ path }) => PNG.sync.read(readFileSync(path)));
  const width = pictures[0]!.width;
  const rowHeight = Math.min(...pictures.map((picture) => firstRowHeight(picture, columns)));
  if (pictures.some((picture) => picture.width !== width)) return null; // not of one run's images
  const strip = new PNG({ width, height: rowHeight * count });
  pictures.forEach((picture, index) => {
    PNG.bitblt(picture, strip, 0, 0, width, rowHeight, 0, index * rowHeight);
  });
  const steps = chosen.map(({ step }) => formatCount(step)).join(', ');
  return {
    title: 'How samples came to be',
    caption: `The same latents, decoded after ${steps} steps, from top to bottom.`,
    ...embed(PNG.sync.write(strip)),
    isWide: false, // beside the samples
  };
}

/** Cells are square, so a row is as high as a column is wide. */
const firstRowHeight = ({ width, height }: PNG, columns: number): number =>
  Math.min(height, Math.floor(width / columns));

const [widthOffset, heightOffset] = [16, 20]; // of the sizes in a PNG: after signature, length and name

/** A PNG as a picture of a page. */
export function embed(bytes: Buffer): Pick<EmbeddedPicture, 'source' | 'width' | 'height'> {
  return {
    source: `data:image/png;base64,${bytes.toString('base64')}`,
    width: bytes.readUInt32BE(widthOffset),
    height: bytes.readUInt32BE(heightOffset),
  };
}

/**
 * From the files that a person names to the images in them, whatever their format.
 *
 * `.mat` is MATLAB; everything else must say by its first bytes that it is IDX. An IDX file of images finds its
 * labels among the files given, or beside it under the usual name (train-images-idx3-ubyte and
 * train-labels-idx1-ubyte, with .gz or without). Several sources make one data set, in the order given.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { dataError } from '../errors.ts';
import type { ImageShape } from './dataset.ts';
import { idxRank, readIdx } from './idx.ts';
import { readMat } from './mat.ts';
import type { RowSink } from './source.ts';

export type Source =
  | { readonly kind: 'mat'; readonly path: string }
  | { readonly kind: 'idx'; readonly path: string; readonly labelsPath: string | null };

/** What the sources hold together, once all were read. */
export interface Contents {
  readonly shape: ImageShape;
  readonly rowCount: number;
  readonly labels: Uint8Array | null;
}

/** For people: `train_32x32.mat + extra_32x32.mat`. */
export const sourcesName = (sources: readonly Source[]): string =>
  sources.map(({ path }) => basename(path)).join(' + ');

/** Finds formats and pairs images with labels. @throws LockstepError (65) */
export async function resolveSources(paths: readonly string[]): Promise<Source[]> {
  const images: string[] = [];
  const labels: string[] = [];
  for (const path of paths) {
    const isLabels = !isMat(path) && (await idxRank(path)) === 1;
    (isLabels ? labels : images).push(path);
  }
  const idxImages = images.filter((path) => !isMat(path));
  const labelsOf = pairLabels(idxImages, labels);
  return images.map((path) =>
    isMat(path)
      ? { kind: 'mat', path }
      : { kind: 'idx', path, labelsPath: labelsOf.get(path) ?? labelsBeside(path) },
  );
}

const isMat = (path: string): boolean => path.toLowerCase().endsWith('.mat');

/** Labels that were named: by the usual name first, the others in the order given. */
function pairLabels(images: readonly string[], labels: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  const left: string[] = [];
  for (const path of labels) {
    const image = images.find((candidate) => !pairs.has(candidate) && labelNames(candidate).includes(path));
    if (image === undefined) left.push(path);
    else pairs.set(image, path);
  }
  const unlabelled = images.filter((path) => !pairs.has(path));
  for (const path of left) {
    const image = unlabelled.shift();
    if (image === undefined) {
      throw dataError(
        `${path}: got labels without images, expected an IDX file of images for them; name it too`,
      );
    }
    pairs.set(image, path);
  }
  return pairs;
}

const labelsBeside = (imagesPath: string): string | null =>
  labelNames(imagesPath).find((path) => existsSync(path)) ?? null;

/** The usual names of the labels of an images file, its own compression first. */
function labelNames(imagesPath: string): string[] {
  const name = imagesPath.replace(/images([-.])idx\d([^/\\]*)$/, 'labels$1idx1$2');
  if (name === imagesPath) return [];
  return name.endsWith('.gz') ? [name, name.slice(0, -3)] : [name, `${name}.gz`];
}

/**
 * Reads all sources into one sink.
 *
 * @throws LockstepError (65) when one cannot be read, when shapes differ, or when only some have labels
 */
export async function readSources(sources: readonly Source[], sink: RowSink): Promise<Contents> {
  let first: { readonly shape: ImageShape; readonly path: string } | null = null;
  let rowCount = 0;
  const checked: RowSink = {
    begin(shape, count, path) {
      first ??= { shape, path };
      requireSameShape(first.shape, first.path, shape, path);
      rowCount += count;
      sink.begin(shape, count, path);
    },
    push: (rows) => sink.push(rows),
  };
  const labels: (Uint8Array | null)[] = [];
  for (const source of sources) labels.push(await readSource(source, checked));
  if (first === null) throw dataError('no images: name an SVHN .mat file or an IDX file of images');
  const { shape } = first as { readonly shape: ImageShape };
  return { shape, rowCount, labels: joinLabels(sources, labels) };
}

const readSource = (source: Source, sink: RowSink): Promise<Uint8Array | null> =>
  source.kind === 'mat' ? readMat(source.path, sink) : readIdx(source.path, source.labelsPath, sink);

function requireSameShape(first: ImageShape, firstPath: string, shape: ImageShape, path: string): void {
  const [expected, got] = [first, shape].map((s) => `${s.height} x ${s.width} x ${s.channels}`);
  if (got === expected) return;
  throw dataError(
    `${path}: got images of ${got}, expected ${expected} as in ${firstPath}; name files of one shape`,
  );
}

function joinLabels(sources: readonly Source[], labels: readonly (Uint8Array | null)[]): Uint8Array | null {
  const present = labels.filter((part) => part !== null);
  if (present.length === 0) return null;
  if (present.length < labels.length) {
    const without = sources[labels.indexOf(null)]?.path;
    throw dataError(
      `${without}: got no labels, expected them as in the other files; add its labels or leave it out`,
    );
  }
  return new Uint8Array(Buffer.concat(present));
}

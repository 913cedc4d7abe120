/**
 * What image files hold, found by reading every byte of them: zlib and gzip check themselves on the way, and
 * headers are held against what is there.
 *
 * The hash is the one that a run records of its data (shared/data/row-hash.ts): equal hashes, equal images.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { openSource } from '../../shared/data/bytes.ts';
import { type ImageShape, rowLength } from '../../shared/data/dataset.ts';
import { createRowHasher } from '../../shared/data/row-hash.ts';
import type { RowSink } from '../../shared/data/source.ts';
import { readSources, resolveSources, sourcesName } from '../../shared/data/sources.ts';
import { dataError } from '../../shared/errors.ts';
import { formatCount, formatNumber, plural } from '../../shared/text.ts';
import { type Bar, startBar } from './progress.ts';
import { publishedLike } from './published.ts';

export interface Summary {
  readonly name: string;
  readonly shape: ImageShape;
  readonly rows: number;
  /** Images of each class; null where there are no labels. */
  readonly labels: readonly number[] | null;
  readonly hash: string; // SHA-256, hex
}

/** Several files make one data set. @throws LockstepError (65) when one of them cannot be read whole */
export async function summarise(paths: readonly string[]): Promise<Summary> {
  const sources = await resolveSources(paths);
  const hasher = createRowHasher();
  const { sink, stop } = withBars((rows) => hasher.update(rows));
  try {
    const { shape, rowCount, labels } = await readSources(sources, sink);
    return {
      name: sourcesName(sources),
      shape,
      rows: rowCount,
      labels: labels === null ? null : countLabels(labels),
      hash: hasher.digest(shape, rowCount, labels),
    };
  } finally {
    stop();
  }
}

/** A sink that shows a bar for each file. */
function withBars(push: RowSink['push']): { readonly sink: RowSink; readonly stop: () => void } {
  let bar: Bar | null = null;
  let done = 0;
  let rowBytes = 1;
  const sink: RowSink = {
    begin(shape, rowCount, path) {
      bar?.stop();
      bar = startBar(`reading ${basename(path)}`, rowCount, 'images');
      done = 0;
      rowBytes = rowLength(shape);
    },
    push(rows) {
      push(rows);
      done += rows.length / rowBytes;
      bar?.update(done);
    },
  };
  return { sink, stop: () => bar?.stop() };
}

function countLabels(labels: Uint8Array): number[] {
  const counts: number[] = [];
  for (const label of labels) {
    while (counts.length <= label) counts.push(0);
    counts[label] = counts[label]! + 1;
  }
  return counts;
}

/** Four lines for people. */
export function describeSummary({ name, shape, rows, labels, hash }: Summary): string {
  const { height, width, channels } = shape;
  const megabytes = formatNumber((rows * rowLength(shape)) / 1e6);
  const classes = labels?.flatMap((count, label) => (count === 0 ? [] : [`${label}: ${formatCount(count)}`]));
  return [
    name,
    `  images  ${formatCount(rows)} of ${height} x ${width} x ${channels} (${megabytes} MB of pixels)`,
    `  labels  ${classes === undefined ? 'none' : classes.join('  ')}`,
    `  hash    ${hash}`,
  ].join('\n');
}

export interface Checksum {
  readonly path: string;
  readonly bytes: number;
  readonly md5: string; // hex
  /** Whether it is that of the published file of this name; null where none is known. */
  readonly published: boolean | null;
}

/** MD5 of a file, and how it compares. @throws LockstepError (65) when it cannot be read */
export async function checksum(path: string): Promise<Checksum> {
  const known = publishedLike(path);
  const { bytes, md5 } = await md5Of(path);
  return { path, bytes, md5, published: known === null ? null : known.md5 === md5 };
}

/** @throws LockstepError (65) when the file cannot be read */
export async function md5Of(path: string): Promise<{ readonly bytes: number; readonly md5: string }> {
  const file = await openSource(path);
  try {
    const hash = createHash('md5');
    const reader = file.bytes(0, file.size, 'stored');
    const block = new Uint8Array(2 ** 20);
    for (let count = -1; count !== 0;) {
      count = await reader.fill(block);
      hash.update(block.subarray(0, count));
    }
    return { bytes: file.size, md5: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

export function describeChecksum({ path, bytes, md5, published }: Checksum): string {
  const verdict = published === null ? 'no published sum is known for this name' : 'as published';
  return `${path}: ${plural(bytes, 'byte')}, MD5 ${md5}: ${published === false ? 'NOT ' : ''}${verdict}`;
}

/** @throws LockstepError (65) naming the first file that differs from the published one of its name */
export function requirePublished(sums: readonly Checksum[]): void {
  const wrong = sums.find(({ published }) => published === false);
  if (wrong === undefined) return;
  const known = publishedLike(wrong.path)!;
  throw dataError(
    `${wrong.path}: got ${plural(wrong.bytes, 'byte')} of MD5 ${wrong.md5}, expected ${formatCount(known.bytes)} ` +
      `of ${known.md5} as published; download it again (lockstep data fetch svhn), or rename it if it is another`,
  );
}

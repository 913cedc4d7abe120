/**
 * Where a worker's rows come from: the coordinator's own file where it is seen, a copy, or the coordinator.
 *
 * What decides is the content's hash: another file under the same path is as good as none. Files are looked for in
 * this order: the path that the coordinator reads, a copy in the worker's own data folder.
 */
import { join } from 'node:path';
import type { Dataset } from '../shared/data/dataset.ts';
import { openRowCache, type CachedDataset } from '../shared/data/row-cache.ts';
import { configurationError, LockstepError } from '../shared/errors.ts';
import type { DataDescription, DataSetName, RowPlace, RowSource } from '../shared/protocol/data-messages.ts';
import { describeData, rowsPerFrame } from '../shared/protocol/row-frames.ts';
import type { Welcome } from './events.ts';

/** What a worker does about data that it may not see. */
export interface DataPolicy {
  readonly mode: 'look' | 'stream' | 'copy'; // look: read it where it is seen; stream: do not even look
  readonly dataDir: string; // of copies
}

export interface FoundData {
  readonly about: DataDescription;
  readonly own: Dataset | null; // null: its rows are sent
  readonly place: RowPlace;
  readonly reason: string; // in words, unless it is the coordinator's file
}

export type RunRows = Readonly<Record<DataSetName, FoundData | null>> & { readonly training: FoundData };

/** Makes a copy of the data set in the folder. @returns null when it is of no use any more */
export type CopyRows = (
  of: DataSetName,
  about: DataDescription,
  dataDir: string,
) => Promise<CachedDataset | null>;

/** @returns null when `copy` did. @throws LockstepError when a copy cannot be made */
export async function openRunRows(
  { data, testData }: Pick<Welcome, 'data' | 'testData'>,
  policy: DataPolicy,
  copy: CopyRows,
): Promise<RunRows | null> {
  const training = await findOrCopy('training', data, policy, copy);
  const test = testData === null ? null : await findOrCopy('test', testData, policy, copy);
  if (training === null || (testData !== null && test === null)) return null;
  return { training, test };
}

async function findOrCopy(
  of: DataSetName,
  about: DataDescription,
  policy: DataPolicy,
  copy: CopyRows,
): Promise<FoundData | null> {
  const found = findData(about, policy);
  if (found.own !== null) return found;
  checkSize(about);
  if (policy.mode !== 'copy') return found;
  const own = await copy(of, about, policy.dataDir);
  return own && { about, own, place: 'copied', reason: `copied the data into ${own.cachePath}` };
}

/** Looks for a data set. */
export function findData(about: DataDescription, { mode, dataDir }: DataPolicy): FoundData {
  if (mode === 'stream') return { about, own: null, place: 'streamed', reason: 'was told not to look' };
  const own = look(about.path, about.hash);
  if (typeof own !== 'string') return { about, own, place: 'own', reason: '' };
  const path = copyPath(dataDir, about.hash);
  const copied = look(path, about.hash);
  if (typeof copied !== 'string') return { about, own: copied, place: 'copied', reason: `reads ${path}` };
  return { about, own: null, place: 'streamed', reason: own };
}

/** Where the copy of a data set is. */
export const copyPath = (dataDir: string, hash: string): string =>
  join(dataDir, `copy-${hash.slice(0, 32)}.rows`);

/** @returns the data set, or why it is not to be had there */
function look(path: string, hash: string): CachedDataset | string {
  try {
    const dataset = openRowCache(path);
    if (dataset.hash === hash) return dataset;
    dataset.close();
    const [got, expected] = [dataset.hash, hash].map((text) => text.slice(0, 12));
    return `sees other data at ${path} (hash ${got}, that of the run is ${expected})`;
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const [what] = error.message.split(';'); // its remedy is for whoever named the file
    return `cannot see the data (${what})`;
  }
}

/** What is said of it to the coordinator: the worse of both data sets. */
export function describeSource({ training, test }: RunRows): RowSource {
  const found = [training, test].filter((each) => each !== null);
  const worst = (['streamed', 'copied', 'own'] as const)
    .map((place) => found.find((each) => each.place === place))
    .find((each) => each !== undefined)!;
  return { place: worst.place, reason: worst.reason.slice(0, 2000) };
}

function checkSize(about: DataDescription): void {
  if (rowsPerFrame(about) > 0) return;
  const { height, width, channels } = about.shape;
  throw configurationError(
    `images of ${height} x ${width} x ${channels} are too large to be sent: let this worker see ${about.path}`,
  );
}

/** Data that is seen, as it is found. */
export function ownRows(training: Dataset, test: Dataset | null = null): RunRows {
  const found = (dataset: Dataset): FoundData => ({
    about: describeData(dataset, ''),
    own: dataset,
    place: 'own',
    reason: '',
  });
  return { training: found(training), test: test && found(test) };
}

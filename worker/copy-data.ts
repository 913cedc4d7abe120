/**
 * Puts a data set into a folder of this box, once: a worker that finds another one at it waits, and reads the copy.
 *
 * The rows are those that would be sent for micro-batches, asked for in order instead (row-store.ts).
 */
import { existsSync } from 'node:fs';
import { openRowCache, type CachedDataset, type Header } from '../shared/data/row-cache.ts';
import { lastWrittenMs, openRowCopy, type RowCopy } from '../shared/data/row-copy.ts';
import type { DataDescription, DataSetName } from '../shared/protocol/data-messages.ts';
import { rowsPerFrame } from '../shared/protocol/row-frames.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import { copyPath } from './data.ts';
import type { FetchRows } from './equipment.ts';
import type { WantedRows } from './row-store.ts';

export interface CopyOptions {
  readonly of: DataSetName;
  readonly about: DataDescription;
  readonly dataDir: string;
  readonly fetch: FetchRows;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

const idleMs = 10_000; // then who was writing the copy is taken to be gone
const pollMs = 250;

/** @returns null when it is of no use any more. @throws LockstepError when it cannot be written, or is not as told */
export async function copyData(options: CopyOptions): Promise<CachedDataset | null> {
  const { about, dataDir } = options;
  const path = copyPath(dataDir, about.hash);
  if (!(await othersDone(path, options))) return null;
  if (existsSync(path)) return openRowCache(path);
  const copy = openRowCopy(path, headerOf(about));
  try {
    return (await fill(copy, path, options)) ? await copy.finish() : null;
  } finally {
    copy.close();
  }
}

/** Waits while another process is at it. @returns false when the copy is of no use any more */
async function othersDone(path: string, { clock, fetch, log }: CopyOptions): Promise<boolean> {
  let seen = lastWrittenMs(path);
  let sinceMs = clock.nowMs();
  if (seen !== null) log(`${path} was begun: waiting to see whether another worker is at it`);
  while (seen !== null && !existsSync(path) && clock.nowMs() - sinceMs < idleMs) {
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
    if (!(await fetch([], () => {}))) return false;
    const written = lastWrittenMs(path);
    if (written !== seen) sinceMs = clock.nowMs();
    seen = written;
  }
  return true;
}

const headerOf = ({ name, shape, rowCount, labelled, classCount, hash }: DataDescription): Header => ({
  name,
  shape,
  rowCount,
  labelled,
  classCount,
  hash,
});

async function fill(copy: RowCopy, path: string, { of, about, fetch, log }: CopyOptions): Promise<boolean> {
  const { rowCount, shape, labelled } = about;
  const first = copy.rowCount;
  log(`copying ${about.name} to ${path}${first === 0 ? '' : `: ${first} of ${rowCount} rows are there`}`);
  const size = rowsPerFrame(about);
  const wanted = Array.from({ length: Math.ceil((rowCount - first) / size) }, (_, index): WantedRows => {
    const from = first + index * size;
    const count = Math.min(size, rowCount - from);
    const indices = (): Uint32Array => Uint32Array.from({ length: count }, (_row, i) => from + i);
    return { key: `copy ${of} ${from}`, of, shape, labelled, count, indices };
  });
  let tenths = Math.floor((10 * first) / rowCount);
  return fetch(wanted, (batch) => {
    copy.append(batch);
    const done = Math.floor((10 * copy.rowCount) / rowCount);
    if (done > tenths) log(`${copy.rowCount} of ${rowCount} rows copied`);
    tenths = done;
  });
}

/**
 * Whether a box has the rows that the run is trained on: those that were made already where it sees them, a copy, or
 * what it makes from files of its own. Workers open them by the path that they have on the coordinator's box, so
 * where they lie elsewhere a link of that name leads to them. Workers of a box without them are sent rows.
 */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDataset } from '../../../shared/data/open.ts';
import { openRowCache, type CachedDataset } from '../../../shared/data/row-cache.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { copyPath } from '../../../worker/data.ts';
import { cacheFolder } from '../../cli/folders.ts';
import type { Answer, Check } from './schema.ts';

/** @throws LockstepError where the coordinator's own box, for which `rows` is null, cannot open the data */
export async function dataOf(
  { paths, rows, dataDir, syntheticRows, syntheticSeed }: Extract<Check, { what: 'data' }>,
  cacheDir = cacheFolder(),
): Promise<Answer<'data'>> {
  const synthetic = { rowCount: syntheticRows, seed: syntheticSeed };
  const make = (): Promise<CachedDataset> => openDataset(paths, { cacheDir, synthetic });
  if (rows === null) {
    const { hash, rowCount, cachePath: path } = closed(await make());
    return { path, hash, rowCount, place: 'own' };
  }
  const { path, hash } = rows;
  const isSame = (found: CachedDataset | null): found is CachedDataset => found?.hash === hash;
  const seen = existsSync(path) ? await attempt(() => openRowCache(path)) : null;
  if (isSame(seen)) return { path, hash, rowCount: seen.rowCount, place: 'own' };
  const copy = copyPath(dataDir ?? cacheDir, hash);
  const copied = existsSync(copy) ? await attempt(() => openRowCache(copy)) : null;
  if (isSame(copied)) return { path, hash, rowCount: copied.rowCount, place: 'copied' };
  const made = seen === null ? await attempt(make) : null;
  const place = isSame(made) && link(made.cachePath, path) ? 'own' : 'streamed';
  return { path, hash, rowCount: 0, place };
}

/** @returns null where it is not to be had */
async function attempt(open: () => CachedDataset | Promise<CachedDataset>): Promise<CachedDataset | null> {
  try {
    return closed(await open());
  } catch (error) {
    if (error instanceof LockstepError) return null;
    throw error;
  }
}

function closed(data: CachedDataset): CachedDataset {
  data.close();
  return data;
}

/** @returns whether rows can be found by that name now */
function link(path: string, name: string): boolean {
  if (path === name) return true;
  try {
    mkdirSync(dirname(name), { recursive: true });
    symlinkSync(path, name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST'; // by another launch, just now; else they are sent
  }
}

/**
 * Opens a data set: files, or synthetic digits, by way of a row cache that is made once.
 *
 * The cache file is named by what it was made from: the paths, sizes and modification times of the sources, or
 * rows and seed of synthetic digits. A source that changes gets another cache; one that does not is opened in
 * milliseconds. Two processes may convert at once: each writes its own file, and renames it when it is whole.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { configurationError, usageError } from '../errors.ts';
import { unreadable } from './bytes.ts';
import { openRowCache, type CachedDataset, writeRowCache } from './row-cache.ts';
import type { RowSink } from './source.ts';
import { type Contents, readSources, resolveSources, type Source, sourcesName } from './sources.ts';
import { pushSynthetic, syntheticVersion } from './synthetic.ts';

/** Stands for the synthetic street digits where files are named; a file of that name is `./synthetic`. */
export const syntheticName = 'synthetic';

export interface OpenOptions {
  /** Folder of the row caches; made when it is not there. */
  readonly cacheDir: string;
  /** Of `synthetic`: how many rows, from which seed. */
  readonly synthetic?: { readonly rowCount: number; readonly seed: number };
  /** Told of the rows written while a cache is made. */
  readonly onProgress?: (doneRows: number) => void;
}

/** Increased whenever the same sources would give other bytes. */
const cacheVersion = 1;

/**
 * @param paths `['synthetic']`, or SVHN `.mat` and IDX files of one image shape
 * @throws LockstepError: 65 for files that cannot be read, 64 for a mixture, 1 when the cache cannot be written
 */
export async function openDataset(paths: readonly string[], options: OpenOptions): Promise<CachedDataset> {
  const recipe = await recipeOf(paths, options);
  const key = createHash('sha256')
    .update(JSON.stringify([cacheVersion, recipe.key]))
    .digest('hex');
  makeFolder(options.cacheDir);
  const cachePath = join(options.cacheDir, `${key.slice(0, 32)}.rows`);
  if (!existsSync(cachePath)) {
    await writeRowCache(cachePath, recipe.name, (sink) =>
      recipe.produce(withProgress(sink, options.onProgress)),
    );
  }
  return openRowCache(cachePath);
}

/** What a cache is made from, and how. */
interface Recipe {
  readonly name: string;
  readonly key: unknown; // JSON
  readonly produce: (sink: RowSink) => Promise<Contents>;
}

async function recipeOf(paths: readonly string[], { synthetic }: OpenOptions): Promise<Recipe> {
  if (!paths.includes(syntheticName)) {
    const sources = await resolveSources(paths);
    return {
      name: sourcesName(sources),
      key: sources.map(sourceKey),
      produce: (sink) => readSources(sources, sink),
    };
  }
  if (paths.length > 1) {
    throw usageError(
      `--data: got ${paths.join(' ')}, expected synthetic alone or files alone; drop one of them`,
    );
  }
  const { rowCount, seed } = synthetic ?? { rowCount: 6000, seed: 1 };
  return {
    name: `synthetic (${rowCount.toLocaleString('en-US')} rows, seed ${seed})`,
    key: { syntheticVersion, rowCount, seed },
    produce: (sink) => pushSynthetic(rowCount, seed, sink),
  };
}

function sourceKey(source: Source): unknown {
  const paths = source.kind === 'mat' ? [source.path] : [source.path, source.labelsPath];
  return paths.map((path) => {
    if (path === null) return null;
    try {
      const { size, mtimeNs } = statSync(path, { bigint: true });
      return [realpathSync(path), String(size), String(mtimeNs)];
    } catch (error) {
      throw unreadable(path, error);
    }
  });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw configurationError(`${path}: the folder of row caches cannot be made (${code}); choose another`);
  }
}

function withProgress(sink: RowSink, onProgress: OpenOptions['onProgress']): RowSink {
  if (onProgress === undefined) return sink;
  let doneRows = 0;
  let rowBytes = 1;
  return {
    begin(shape, rowCount, path) {
      rowBytes = shape.height * shape.width * shape.channels;
      sink.begin(shape, rowCount, path);
    },
    push(rows) {
      sink.push(rows);
      doneRows += rows.length / rowBytes;
      onProgress(doneRows);
    },
  };
}

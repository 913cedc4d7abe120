/** Where things are put that nobody named a place for. */
import { join, resolve } from 'node:path';
import { findPaths } from '../setup/paths.mjs';

/** Rows of data sets and principal components, made once and used again. */
export const cacheFolder = (): string => join(findPaths().cache, 'data');

/** A new run's folder: `runs/` here, named by the moment and what is trained. @param now ISO 8601 */
export const newRunFolder = (now: string, what: string): string =>
  resolve('runs', `${now.slice(0, 19).replaceAll(':', '-')}-${what}`);

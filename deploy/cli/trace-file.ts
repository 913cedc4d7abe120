/** The file that `--trace` names: refused before anything is started, and numbered when a run is started again. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, parse, resolve } from 'node:path';
import { usageError } from '../../shared/errors.ts';

/** @returns the absolute path. @throws LockstepError (64) where no file can be made or replaced */
export function traceFileOf(text: string | null): string | null {
  if (text === null) return null;
  const path = resolve(text);
  const folder = dirname(path);
  const problem = problemOf(path, folder);
  if (problem === null) return path;
  throw usageError(`--trace ${text} cannot be written: ${problem}, or name another file`);
}

function problemOf(path: string, folder: string): string | null {
  if (!existsSync(folder)) return `its folder ${folder} is not there: make it first`;
  if (!statSync(folder).isDirectory()) return `${folder} is a file, not a folder: move it away`;
  if (existsSync(path) && statSync(path).isDirectory()) return 'it is a folder: name a file in it';
  try {
    accessSync(existsSync(path) ? path : folder, constants.W_OK);
    return null;
  } catch (error) {
    return `no permission (${(error as NodeJS.ErrnoException).code}): change the mode of its folder`;
  }
}

/** Of the coordinator that is started for the n-th time: `trace.json`, `trace-2.json`, and so on. */
export function nthTraceFile(path: string, n: number): string {
  if (n === 1) return path;
  const { dir, name, ext } = parse(path);
  return resolve(dir, `${name}-${n}${ext}`);
}

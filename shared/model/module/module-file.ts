/**
 * The file of `--model ./my-model.js`: which text names one, and what it holds, as one hash.
 *
 * The hash covers the file and whatever it imports by a relative path that is written out, and so on: a run is of
 * the very functions that it began with. Packages are known by their versions, and are not part of it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LockstepError, type ExitCode } from '../../errors.ts';

/** Whether `--model` names a file, and not a built-in model. */
export const isModulePath = (model: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(model);

/** Hexadecimal SHA-256. @param exitCode of the LockstepError that a missing file makes */
export function hashModule(path: string, exitCode: ExitCode): string {
  const hash = createHash('sha256');
  const waiting = [path];
  const seen = new Set<string>();
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const text = read(path, file, exitCode);
    const real = realpathSync(file);
    if (seen.has(real)) continue;
    seen.add(real);
    hash.update(`${Buffer.byteLength(text)}\0${text}`);
    for (const target of relativeImports(text)) waiting.push(resolve(dirname(real), target));
  }
  return hash.digest('hex');
}

/** In the order in which they are written. */
const relativeImports = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport|\bimport\s*\()\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g)].map(
    (match) => match[2]!,
  );

function read(path: string, file: string, exitCode: ExitCode): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'is not here' : `cannot be read (${code})`;
    const what = file === path ? `--model ${path}` : `--model ${path}: ${file}, which it imports,`;
    throw new LockstepError(`${what} ${why}: give the path of a module that is on this machine`, exitCode);
  }
}

/** @throws LockstepError when the module is not the one that the run is of */
export function checkModuleHash(path: string, expected: string | null, exitCode: ExitCode): string {
  const hash = hashModule(path, exitCode);
  if (expected === null || expected === hash) return hash;
  throw new LockstepError(
    `--model ${path} is another module here than the run's (hash ${hash.slice(0, 12)}, expected ` +
      `${expected.slice(0, 12)}): bring the very file of the run, or begin a new run`,
    exitCode,
  );
}

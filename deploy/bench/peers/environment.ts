/**
 * The peers' Python: a virtual environment of its own in the cache, made once from pinned wheels.
 *
 * It is large, since PyPI's PyTorch for Linux is the CUDA build, so that whoever runs the benchmark is asked
 * first. A record of the pins is written last: an environment without it was cut short, and is made anew.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { exitCodes, LockstepError, unavailableError, usageError } from '../../../shared/errors.ts';
import type { Paths } from '../../setup/paths.mjs';
import { withLock } from '../../setup/lock.mjs';
import { cleanUpOnSignals, onInterrupt, run } from '../../setup/process.mjs';
import { folderBytes, withProgress } from '../../setup/progress.mjs';

export const downloadBytes = 3.4e9;
export const unpackedBytes = 6.8e9;
const oldestPython = [3, 11] as const; // which the pinned wheels exist for
const newestPython = [3, 13] as const;
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

export interface EnvironmentOptions {
  readonly paths: Paths;
  readonly yes: boolean; // of --yes
  readonly offline: boolean;
  /** Puts a question to whoever sits at the terminal; null without one. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

/** Where the peers' scripts and pins are. */
export const scriptFolder = (paths: Paths): string => join(paths.root, 'deploy', 'bench', 'peers');

/**
 * Makes the environment where it is missing, with consent.
 *
 * @returns its Python
 * @throws LockstepError: 64 without consent, 69 offline or without a Python that can make it
 */
export async function peersPython(options: EnvironmentOptions): Promise<string> {
  const { paths } = options;
  const folder = join(paths.cache, 'peers');
  const python = join(folder, 'bin', 'python');
  const isMade = (): boolean => readRecord(folder) === pinsOf(paths) && existsSync(python);
  if (isMade()) return python;
  await requireConsent(options, folder);
  await requirePython();
  await withLock(paths, async () => {
    if (!isMade()) await make(paths, folder);
  });
  return python;
}

const recordOf = (folder: string): string => join(folder, 'pins.txt');
const readRecord = (folder: string): string | null =>
  existsSync(recordOf(folder)) ? readFileSync(recordOf(folder), 'utf8') : null;

const pinsOf = (paths: Paths): string =>
  ['requirements.txt', 'constraints.txt']
    .map((name) => readFileSync(join(scriptFolder(paths), name), 'utf8'))
    .join('');

async function requireConsent(
  { yes, offline, ask }: Omit<EnvironmentOptions, 'paths'>,
  folder: string,
): Promise<void> {
  const what =
    `a virtual environment with PyTorch and Keras in ${folder}: ${gigabytes(downloadBytes)} GB to download, ` +
    `${gigabytes(unpackedBytes)} GB on disk`;
  if (offline) {
    throw unavailableError(
      `bench peers needs ${what}, and LOCKSTEP_OFFLINE forbids it: unset LOCKSTEP_OFFLINE once to make it`,
    );
  }
  if (yes || (await ask?.(`bench peers makes ${what}. Go on?`)) === true) return;
  throw usageError(`bench peers needs ${what}, and was not allowed to make it: add --yes`);
}

/** A question on the terminal; null where standard input or error is none. */
export function terminalQuestion(): ((question: string) => Promise<boolean>) | null {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  return async (question) => {
    const terminal = createInterface({ input: stdin, output: stderr });
    try {
      return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
    } finally {
      terminal.close();
    }
  };
}

/** @throws LockstepError (69) without a Python that the wheels exist for */
async function requirePython(): Promise<void> {
  const script = 'import sys, venv, ensurepip; print(*sys.version_info[:2])';
  const { ok, output } = await run('python3', ['-c', script]);
  const expected = `Python ${oldestPython.join('.')} to ${newestPython.join('.')} with venv and pip`;
  if (!ok) {
    throw unavailableError(
      `bench peers: got no such python3, expected ${expected}: install it (python3-venv)`,
    );
  }
  const [major = 0, minor = 0] = output.trim().split(' ').map(Number);
  if (major === 3 && minor >= oldestPython[1] && minor <= newestPython[1]) return;
  throw unavailableError(
    `bench peers: got Python ${major}.${minor}, expected ${expected}: put such a python3 first on the PATH`,
  );
}

async function make(paths: Paths, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  requireRoom(folder);
  const giveSignalsBack = cleanUpOnSignals();
  const forget = onInterrupt(() => rmSync(folder, { recursive: true, force: true }));
  try {
    await must(paths, 'python3', ['-m', 'venv', folder]);
    const temporary = join(folder, 'tmp'); // pip's own may be a small file system in memory
    mkdirSync(temporary);
    const scripts = scriptFolder(paths);
    const args = [
      '-m',
      'pip',
      'install',
      '--no-cache-dir',
      '--disable-pip-version-check',
      '--only-binary=:all:',
    ];
    args.push('--requirement', join(scripts, 'requirements.txt'));
    args.push('--constraint', join(scripts, 'constraints.txt'));
    await withProgress(
      'installing PyTorch and Keras',
      () => must(paths, join(folder, 'bin', 'python'), args, { TMPDIR: temporary }),
      { totalBytes: unpackedBytes, doneBytes: () => folderBytes(join(folder, 'lib')) },
    );
    rmSync(temporary, { recursive: true, force: true });
    writeFileSync(recordOf(folder), pinsOf(paths));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    forget();
    giveSignalsBack();
  }
}

/** Wheels and what is unpacked from them lie side by side for a while. */
function requireRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = downloadBytes + unpackedBytes;
  if (bavail * bsize >= needed) return;
  throw unavailableError(
    `bench peers: ${folder} has ${gigabytes(bavail * bsize)} GB free, expected ${gigabytes(needed)} GB: make room`,
  );
}

async function must(
  paths: Paths,
  command: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<void> {
  const { ok, output } = await run(command, args, { environment: { ...paths.environment, ...more } });
  if (ok) return;
  const last = output.trim().split('\n').at(-1) ?? '';
  throw new LockstepError(
    `bench peers: its virtual environment could not be made (${last.slice(0, 200)}): try again`,
    exitCodes.unavailable,
  );
}

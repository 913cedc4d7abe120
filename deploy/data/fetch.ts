/** SVHN from its authors' server, a file a split; each is left alone if it is there already and is the right one. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { configurationError, usageError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { formatCount } from '../../shared/text.ts';
import { download } from './download.ts';
import { startBar } from './progress.ts';
import { type PublishedFile, svhnBase } from './published.ts';
import { unwritable } from './unwritable.ts';

export interface FetchRequest {
  readonly files: readonly PublishedFile[];
  readonly baseUrl: string;
  readonly dir: string; // made when it is not there
  readonly offline: boolean; // LOCKSTEP_OFFLINE
}

const STALL_MS = 30_000;
const FIRST_RETRY_MS = 1000;
const MAX_ATTEMPTS = 6; // in a row that bring nothing: about half a minute

/**
 * @returns the paths, in the order asked for
 * @throws LockstepError: 64 for an address that is none, 78 where downloads are forbidden; those of `download`
 */
export async function fetchFiles(request: FetchRequest, clock: Clock): Promise<string[]> {
  const { files, baseUrl, dir, offline } = request;
  const names = files.map(({ name }) => name).join(', ');
  if (offline) {
    throw configurationError(
      `LOCKSTEP_OFFLINE: got 1, which forbids downloading ${names}; unset it, or copy the files to ${dir} by hand`,
    );
  }
  if (!/^https?:/i.test(baseUrl) || !URL.canParse(baseUrl))
    throw usageError(`--url: got ${baseUrl}, expected an address such as ${svhnBase}`);
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw unwritable(dir, error);
  }
  const paths: string[] = [];
  for (const file of files) paths.push(await fetchFile(file, baseUrl, dir, clock));
  return paths;
}

async function fetchFile(file: PublishedFile, baseUrl: string, dir: string, clock: Clock): Promise<string> {
  const path = join(dir, file.name);
  const url = `${baseUrl.replace(/\/+$/, '')}/${file.name}`;
  const bar = startBar(file.name, Math.round(file.bytes / 1e6), 'MB');
  try {
    const outcome = await download(url, path, file, {
      clock,
      stallMs: STALL_MS,
      firstRetryMs: FIRST_RETRY_MS,
      maxAttempts: MAX_ATTEMPTS,
      onProgress: (doneBytes) => bar.update(Math.round(doneBytes / 1e6)),
      onRetry: (line) => bar.note(line),
    });
    if (outcome === 'present') bar.note(`${path} is there already`);
  } finally {
    bar.stop();
  }
  process.stdout.write(`${path}: ${formatCount(file.bytes)} bytes, MD5 ${file.md5}: as published\n`);
  return path;
}

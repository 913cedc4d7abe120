/**
 * One file over HTTP, from a server that is far and slow: cut downloads go on where they stopped, and only a file
 * of the right MD5 gets its name.
 *
 *   FILE.partial --HTTP Range--> FILE.partial, whole --MD5, fsync--> FILE
 *
 * What goes wrong on the way is tried again, later each time, as long as attempts that bring nothing new are few;
 * what waiting cannot mend (no such file, another file, a full disk) is told at once.
 */
import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../shared/data/atomic-file.ts';
import { dataError, exitCodes, LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { formatCount } from '../../shared/text.ts';
import { md5Of } from './inspect.ts';
import type { PublishedFile } from './published.ts';
import { unwritable } from './unwritable.ts';

export interface DownloadSettings {
  readonly clock: Clock;
  readonly stallMs: number; // without a byte, after which a connection is given up
  readonly firstRetryMs: number; // doubled after each attempt that brings nothing
  readonly maxAttempts: number; // in a row that bring nothing
  readonly onProgress: (doneBytes: number) => void;
  readonly onRetry: (line: string) => void;
}

const maxCorruptions = 2; // whole downloads of the wrong MD5
const maxRetryMs = 30_000;

/**
 * @param path where the file is to be; what is there already is kept if it is the right one
 * @returns whether anything had to be fetched
 * @throws LockstepError: 65 for another file than expected, 75 when the server cannot be reached, 1 for the disk
 */
export async function download(
  url: string,
  path: string,
  file: PublishedFile,
  settings: DownloadSettings,
): Promise<'fetched' | 'present'> {
  if (existsSync(path)) {
    await requireSame(path, file);
    return 'present';
  }
  const partial = `${path}.partial`;
  let corruptions = 0;
  for (let failures = 0, done = sizeOf(partial); ;) {
    try {
      await transfer(url, partial, file, settings);
      const { md5 } = await md5Of(partial);
      if (md5 === file.md5) break;
      await rm(partial, { force: true });
      corruptions += 1;
      if (corruptions === maxCorruptions) throw wrongContent(url, md5, file);
      settings.onRetry(`${url}: got MD5 ${md5}, expected ${file.md5}; from the beginning again`);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      failures = sizeOf(partial) > done ? 1 : failures + 1;
      await backOff(url, failures, error as Error, settings);
    }
    done = sizeOf(partial);
  }
  await rename(partial, path).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  syncFolder(dirname(path));
  return 'fetched';
}

/** A failure that another attempt may mend. */
class Interruption extends Error {}

async function backOff(
  url: string,
  failures: number,
  error: Error,
  { clock, firstRetryMs, maxAttempts, onRetry }: DownloadSettings,
): Promise<void> {
  const reason = reasonOf(error);
  if (failures >= maxAttempts) {
    throw new LockstepError(
      `${url}: got ${reason} ${failures} times in a row, expected the file; try again later, it goes on from here`,
      exitCodes.peerLost,
    );
  }
  const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (failures - 1));
  onRetry(`${url}: got ${reason}; again in ${formatCount(Math.ceil(waitMs / 1000))} s`);
  await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
}

/** undici says `fetch failed` and puts the reason one deeper. */
function reasonOf(error: Error): string {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  return cause?.message || (cause?.code ?? error.message);
}

/** Fills `partial` from where it ends. Returns when it is as long as the file. */
async function transfer(
  url: string,
  partial: string,
  file: PublishedFile,
  settings: DownloadSettings,
): Promise<void> {
  const have = sizeOf(partial);
  if (have > file.bytes) await rm(partial);
  const start = have > file.bytes ? 0 : have;
  if (start === file.bytes) return;
  const connection = watch(settings);
  const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) };
  try {
    const response = await fetch(url, { headers, signal: connection.signal });
    const from = await acceptResponse(url, response, partial, start, file);
    const handle = await openPartial(partial);
    try {
      if (from === 0) await handle.truncate(0);
      await save(response, handle, from, { url, partial, file, settings, alive: connection.alive });
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    connection.stop();
  }
}

/** @returns the offset at which the body begins */
async function acceptResponse(
  url: string,
  response: Response,
  partial: string,
  start: number,
  file: PublishedFile,
): Promise<number> {
  const { status } = response;
  if (status === 200) {
    requireLength(url, Number(response.headers.get('content-length') ?? file.bytes), file);
    return 0;
  }
  if (status === 206) {
    const range = response.headers.get('content-range') ?? '';
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    if (Number(first) === start) {
      if (total !== '*') requireLength(url, Number(total), file);
      return start;
    }
    await rm(partial, { force: true });
    throw new Interruption(`bytes of another range (${range || 'none'})`);
  }
  if (status === 416) {
    await rm(partial, { force: true });
    throw new Interruption('HTTP 416 for what was left');
  }
  if (status >= 500 || status === 408 || status === 429) throw new Interruption(`HTTP ${status}`);
  throw dataError(`${url}: got HTTP ${status}, expected ${file.name}; check --url, or copy the file by hand`);
}

interface Saving {
  readonly url: string;
  readonly partial: string;
  readonly file: PublishedFile;
  readonly settings: DownloadSettings;
  readonly alive: () => void;
}

async function save(response: Response, handle: FileHandle, from: number, saving: Saving): Promise<void> {
  const { url, partial, file, settings, alive } = saving;
  let position = from;
  settings.onProgress(position);
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    alive();
    if (position + chunk.length > file.bytes) requireLength(url, position + chunk.length, file);
    for (let written = 0; written < chunk.length;) {
      const result = await handle
        .write(chunk, written, chunk.length - written, position)
        .catch((error: unknown) => {
          throw unwritable(partial, error);
        });
      written += result.bytesWritten;
      position += result.bytesWritten;
    }
    settings.onProgress(position);
  }
  if (position < file.bytes) throw new Interruption(`the end after ${formatCount(position)} bytes`);
}

/** Gives a silent connection up. */
function watch({ clock, stallMs }: DownloadSettings): {
  readonly signal: AbortSignal;
  readonly alive: () => void;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const silence = new Interruption(`no byte for ${formatCount(stallMs / 1000)} s`);
  const wait = (): (() => void) => clock.after(stallMs, () => controller.abort(silence));
  let cancel = wait();
  const alive = (): void => {
    cancel();
    cancel = wait();
  };
  return { signal: controller.signal, alive, stop: () => cancel() };
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, existsSync(path) ? 'r+' : 'w');
  } catch (error) {
    throw unwritable(path, error);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function requireLength(url: string, bytes: number, file: PublishedFile): void {
  if (bytes === file.bytes) return;
  const got = `${url}: got ${bytes > file.bytes ? 'at least ' : ''}${formatCount(bytes)} bytes`;
  throw dataError(
    `${got}, expected ${formatCount(file.bytes)} of ${file.name} as published; check --url and proxies on the way`,
  );
}

const wrongContent = (url: string, md5: string, file: PublishedFile): LockstepError =>
  dataError(
    `${url}: got MD5 ${md5} ${maxCorruptions} times, expected ${file.md5} as published; check --url and proxies on the way`,
  );

async function requireSame(path: string, file: PublishedFile): Promise<void> {
  const { md5 } = await md5Of(path);
  if (md5 === file.md5) return;
  throw dataError(
    `${path}: got MD5 ${md5}, expected ${file.md5} of ${file.name} as published; move it away to download it`,
  );
}

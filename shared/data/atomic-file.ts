/**
 * Files that are whole or not there: written under a temporary name beside the target, forced to disk,
 * renamed, and the folder forced to disk too, so that not even a power cut leaves half a file under the name.
 *
 * A failure (a full disk above all) removes the temporary file and leaves the old target as it was.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const temporarySuffix = '.partial';

/**
 * Writes `path` through `fill`, which may take as long as it likes; the process stays responsive.
 * @param beforeRename called when everything is on disk: the last moment to refuse, by throwing
 * @throws what `fill` or the file system threw; nothing is left behind
 */
export async function writeFileAtomically(
  path: string,
  fill: (handle: FileHandle) => Promise<void>,
  beforeRename: () => void = () => {},
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    beforeRename();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync(); // syncFolder, which would hold up the process on a busy disk
  } finally {
    await folder.close();
  }
}

/** The same for a small file, without giving up the thread. */
export function writeFileAtomicallySync(path: string, content: string | Uint8Array): void {
  const temporary = temporaryName(path);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    const file = openSync(temporary, 'wx');
    try {
      writeWhollySync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Writes all of `bytes`: a disk that fills up accepts a part first, and complains only at the next call. */
export async function writeWholly(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}

/** @see writeWholly */
export function writeWhollySync(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written, bytes.length - written);
}

/**
 * Removes what a killed process left half-written in `folder`.
 * @param untilMs only what nobody wrote to after that, in Unix time: a younger one may still be written
 * @returns the names removed
 */
export function removeTemporaries(folder: string, untilMs = Infinity): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('.') && name.endsWith(temporarySuffix));
  const old = names.filter((name) => {
    const { mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    return mtimeMs <= untilMs;
  });
  for (const name of old) rmSync(join(folder, name), { force: true });
  return old;
}

/** Forces a folder's entries to disk: a rename is durable only after this. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}${temporarySuffix}`);
}

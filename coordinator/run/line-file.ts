/**
 * A file of JSON lines that only grows, cut into numbered pieces when it gets long.
 *
 *   history-0001.jsonl, history-0002.jsonl, ..., history.jsonl   oldest first; the last one is written to
 *
 * Lines are kept in memory until `flush`, which writes them whole or not at all, short of a crash: then the last
 * line may be torn, which readers tolerate and `cutLines` removes.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhollySync } from '../../shared/data/atomic-file.ts';
import { dataError } from '../../shared/errors.ts';
import { decodeExact, encodeExact } from './exact-json.ts';

export interface LineFile {
  append(record: unknown): void;
  /** Writes what was appended. @throws the file system's error; the lines are kept for the next time */
  flush(): void;
  /** Forces what was written to disk, without holding up the process. @throws the file system's error */
  sync(): Promise<void>;
}

export const rotateBytes = 2 ** 26;
const pendingCharactersMax = 2 ** 24; // of lines that cannot be written: older ones are let go

/** @param name of the file, without `.jsonl` */
export function openLineFile(folder: string, name: string, maxBytes = rotateBytes): LineFile {
  const path = join(folder, `${name}.jsonl`);
  let pending: string[] = [];
  let characters = 0;
  return {
    append(record) {
      const line = `${encodeExact(record)}\n`;
      pending.push(line);
      characters += line.length;
      while (characters > pendingCharactersMax) characters -= pending.shift()!.length;
    },
    flush() {
      if (pending.length === 0) return;
      const bytes = appendWhole(path, Buffer.from(pending.join('')));
      pending = [];
      characters = 0;
      if (bytes >= maxBytes) renameSync(path, join(folder, pieceName(name, pieces(folder, name).length + 1)));
    },
    async sync() {
      for (const file of filesOf(folder, name).slice(-2)) await syncFile(file); // older ones were before
    },
  };
}

/** Appends all of `bytes`, or nothing, short of a crash. @returns the length of the file afterwards */
export function appendWhole(path: string, bytes: Uint8Array): number {
  const file = openSync(path, 'a');
  try {
    const { size } = fstatSync(file);
    try {
      writeWhollySync(file, bytes);
    } catch (error) {
      ftruncateSync(file, size); // no half line in the middle of the file
      throw error;
    }
    return size + bytes.length;
  } finally {
    closeSync(file);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const pieceName = (name: string, number: number): string =>
  `${name}-${String(number).padStart(4, '0')}.jsonl`;

/** Numbered pieces, oldest first. */
function pieces(folder: string, name: string): string[] {
  const isPiece = (file: string): boolean => file.startsWith(`${name}-`) && /-\d{4,}\.jsonl$/.test(file);
  const numberOf = (file: string): number => Number.parseInt(file.slice(name.length + 1), 10);
  return readdirSync(folder)
    .filter(isPiece)
    .sort((a, b) => numberOf(a) - numberOf(b));
}

function filesOf(folder: string, name: string): string[] {
  const current = `${name}.jsonl`;
  const all = existsSync(join(folder, current)) ? [...pieces(folder, name), current] : pieces(folder, name);
  return all.map((file) => join(folder, file));
}

/**
 * Reads every record, in order. A last line that was torn by a crash is passed over.
 * @throws LockstepError (65) naming the file and the line that is damaged
 */
export function readLines(folder: string, name: string): unknown[] {
  const files = filesOf(folder, name);
  return files.flatMap((path) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.pop(); // what follows the last line feed: nothing, or a torn line
    return lines.map((line, index) => {
      const record = parseLine(line);
      if (record === null) throw dataError(`${path} line ${index + 1} is damaged: it is not a JSON object`);
      return record;
    });
  });
}

/**
 * Removes the first record that is not to be kept, and everything behind it.
 * Later pieces go first, newest of all, so that a crash in between leaves no gap.
 */
export function cutLines(folder: string, name: string, keeps: (record: object) => boolean): void {
  const files = filesOf(folder, name);
  for (const [index, path] of files.entries()) {
    const content = readFileSync(path);
    const kept = keptBytes(content, keeps);
    if (kept === content.length) continue;
    for (const later of files.slice(index + 1).reverse()) rmSync(later);
    truncateSync(path, kept);
    return;
  }
}

function keptBytes(content: Buffer, keeps: (record: object) => boolean): number {
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(10, start);
    const record = end === -1 ? null : parseLine(content.toString('utf8', start, end));
    if (record === null || !keeps(record)) return start;
    start = end + 1;
  }
  return start;
}

function parseLine(line: string): object | null {
  try {
    const record = decodeExact(line);
    return typeof record === 'object' ? record : null;
  } catch {
    return null; // torn or damaged: the caller's to say
  }
}

/**
 * What set-up tells people, all on stderr: a line for each long step, and on a terminal a bar while it lasts.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BAR_CELLS = 24;
const REDRAW_MS = 250;

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * Shows that `work` is going on.
 * @template T
 * @param {string} what such as `downloading TensorFlow 2.21.0`
 * @param {() => Promise<T>} work
 * @param {{ totalBytes: number, doneBytes: () => number }} [amount] how far it is, where that can be known
 * @returns {Promise<T>}
 */
export async function withProgress(what, work, amount) {
  const { stderr } = process;
  const size = amount ? ` (${megabytes(amount.totalBytes)} MB)` : '';
  if (!stderr.isTTY) {
    say(`${what}${size} ...`);
    return work();
  }
  let frame = 0;
  const draw = () => stderr.write(`\r\x1b[Kset-up: ${what} ${amount ? bar(amount) : marker(frame++)}`);
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    stderr.write(`\r\x1b[Kset-up: ${what}${size}\n`);
  }
}

/**
 * The size of everything under a folder that others are filling.
 * @param {string} folder
 * @returns {number}
 */
export function folderBytes(folder) {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) sum += statSync(join(entry.parentPath ?? entry.path, entry.name)).size;
    }
  } catch {
    return sum; // a file went while we counted; the next look is a quarter of a second away
  }
  return sum;
}

/** @param {{ totalBytes: number, doneBytes: () => number }} amount */
function bar({ totalBytes, doneBytes }) {
  const share = Math.min(1, doneBytes() / totalBytes);
  const filled = Math.round(share * BAR_CELLS);
  const cells = '#'.repeat(filled) + '-'.repeat(BAR_CELLS - filled);
  return `[${cells}] ${Math.floor(100 * share)} % of ${megabytes(totalBytes)} MB`;
}

/** @param {number} frame */
function marker(frame) {
  const position = frame % BAR_CELLS;
  return `[${'-'.repeat(position)}#${'-'.repeat(BAR_CELLS - 1 - position)}]`;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6).toLocaleString('en');
}

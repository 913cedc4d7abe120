/** How far a trial is, from the end of its history: cheap enough to be asked every second, however long it is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface TrialProgress {
  readonly steps: number; // made
  readonly epoch: number;
  readonly heldOutLoss: number | null; // of the last evaluation
}

const tailBytes = 16_384; // several lines

/** @returns null before the first step was written down */
export function progressOf(runDir: string): TrialProgress | null {
  const last = lastLine(join(runDir, 'history.jsonl'));
  if (last === null) return null;
  const evaluation = lastLine(join(runDir, 'epochs.jsonl'));
  const heldOut = evaluation?.['heldOut'] as { readonly loss?: unknown } | null | undefined;
  const loss = heldOut?.loss;
  return {
    steps: Number(last['step']) + 1,
    epoch: Number(last['epoch']),
    heldOutLoss: typeof loss === 'number' ? loss : null,
  };
}

/** The last whole line, parsed; null where there is none yet. */
function lastLine(path: string): Record<string, unknown> | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8').split('\n').slice(0, -1); // what follows the last newline is torn
    const line = lines.at(-1);
    if (line === undefined || (lines.length === 1 && bytes.length < size)) return null;
    return JSON.parse(line) as Record<string, unknown>;
  } finally {
    closeSync(file);
  }
}

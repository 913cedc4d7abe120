/**
 * The file of a trace: text is appended as it comes, a block at a time, and kept in memory no longer.
 *
 * A trace is no part of the run: when its disk is full the run goes on without it.
 */
import { closeSync, openSync } from 'node:fs';
import { writeWhollySync } from '../../shared/data/atomic-file.ts';
import { runError } from '../../shared/errors.ts';

export interface TraceFile {
  write(text: string): void;
  /** Hands everything to the operating system. */
  flush(): void;
  close(): void;
}

const blockCharacters = 64 * 1024;

/**
 * Replaces the file.
 * @param onProblem told once when it cannot be written to any more
 * @throws LockstepError (1) when it cannot be made
 */
export function openTraceFile(path: string, onProblem: (message: string) => void): TraceFile {
  let file: number | null = open(path);
  let pending: string[] = [];
  let characters = 0;

  function flush(): void {
    if (file === null || characters === 0) return;
    const bytes = Buffer.from(pending.join(''));
    [pending, characters] = [[], 0];
    try {
      writeWhollySync(file, bytes);
    } catch (error) {
      closeSync(file);
      file = null;
      onProblem(`the trace ends here, and the run goes on: ${describe(path, error)}`);
    }
  }

  return {
    write(text) {
      if (file === null) return;
      pending.push(text);
      characters += text.length;
      if (characters >= blockCharacters) flush();
    },
    flush,
    close() {
      flush();
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw runError(`--trace ${describe(path, error)}`);
  }
}

const describe = (path: string, error: unknown): string =>
  `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}): ` +
  'check its folder and the disk, or name another file';

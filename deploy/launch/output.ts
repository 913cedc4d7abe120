/** What a run over several boxes prints: the coordinator's lines as they are, those of ranks with who says them. */
import type { Writable } from 'node:stream';

export interface Output {
  /** A line of the launcher's own. */
  readonly say: (line: string) => void;
  /** A line as it is. */
  readonly plain: (line: string) => void;
  readonly coordinator: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly rank: (rank: number, box: string, line: string) => void;
}

/** @param quiet without the lines of ranks, which their logs have */
export function createOutput(stdout: Writable, stderr: Writable, quiet: boolean): Output {
  return {
    say: (line) => void stderr.write(`lockstep: ${line}\n`),
    plain: (line) => void stderr.write(`${line}\n`),
    coordinator: (line, stream) => void (stream === 'stdout' ? stdout : stderr).write(`${line}\n`),
    rank(rank, box, line) {
      if (!quiet) stderr.write(`[rank ${rank}|${box}] ${line.replace(stamp, '')}\n`);
    },
  };
}

/** The moment at the head of a worker's line, which its log keeps. */
const stamp = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

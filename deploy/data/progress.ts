/** How far a long task of `lockstep data` is, on stderr: a bar on a terminal, a line every few seconds elsewhere. */
import { SingleBar } from 'cli-progress';
import { systemClock } from '../../shared/runtime/clock.ts';
import { formatCount, formatShare } from '../../shared/text.ts';

export interface Bar {
  /** @param done of what was announced */
  update(done: number): void;
  /** Prints a line of its own. */
  note(line: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5000;

/** Shows a bar until it is stopped. @param unit what `total` counts, such as `images` */
export function startBar(what: string, total: number, unit: string): Bar {
  return process.stderr.isTTY ? startTerminalBar(what, total, unit) : startLines(what, total, unit);
}

function startTerminalBar(what: string, total: number, unit: string): Bar {
  const bar = new SingleBar({
    format: `${what} [{bar}] {percentage} % of ${formatCount(total)} ${unit}`,
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '-',
    stream: process.stderr,
  });
  bar.start(total, 0);
  return {
    update: (done) => bar.update(Math.min(done, total)),
    note: (line) => void process.stderr.write(`\n${line}\n`),
    stop: () => bar.stop(),
  };
}

/** A task that is done before the first line is due stays silent. */
function startLines(what: string, total: number, unit: string): Bar {
  let dueMs = systemClock.nowMs() + LINE_EVERY_MS;
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  return {
    update(done) {
      if (systemClock.nowMs() < dueMs) return;
      dueMs = systemClock.nowMs() + LINE_EVERY_MS;
      note(`${what}: ${formatShare(done / total)} of ${formatCount(total)} ${unit}`);
    },
    note,
    stop: () => {},
  };
}

/** What a sweep shows while it runs: on a terminal its table, redrawn in place; elsewhere a line a trial. */
import { tableLines, trialLine, type Live } from './table.ts';
import type { TrialRecord } from './sweep-file.ts';

export interface SweepScreen {
  /** A line that stays. */
  say(line: string): void;
  /** The table, where there is one. */
  show(trials: readonly TrialRecord[], lives: readonly Live[], pageUrl: string | null): void;
  /** A trial that began or ended. */
  changed(trials: readonly TrialRecord[], name: string): void;
  close(): void;
}

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly quiet: boolean;
  readonly columns: () => number | undefined;
  readonly rows: () => number | undefined;
}

const marginRows = 2;

export function createSweepScreen({ write, isTerminal, quiet, columns, rows }: ScreenOptions): SweepScreen {
  let drawn = 0; // lines of the table that stand at the bottom

  const erase = (): void => {
    if (drawn > 0) write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };

  return {
    say(line) {
      erase();
      write(`${line}\n`);
    },
    show(trials, lives, pageUrl) {
      if (!isTerminal || quiet) return;
      const width = (columns() || 80) - 1; // 0 where a terminal does not know its size
      const lines = tableLines(trials, lives, { rows: (rows() || 24) - marginRows, columns: width });
      if (pageUrl !== null) lines.push(`watch ${pageUrl}`);
      erase();
      write(lines.map((line) => `${line.slice(0, width)}\n`).join(''));
      drawn = lines.length;
    },
    changed(trials, name) {
      if (!isTerminal && !quiet) write(`${trialLine(trials, name)}\n`);
    },
    close() {
      drawn = 0; // the table stays where it stands
    },
  };
}

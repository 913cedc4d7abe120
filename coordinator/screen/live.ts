/**
 * The live line at the bottom of a terminal, and lines that stay above it. The bar, its redrawing at a bounded
 * rate and the cursor are cli-progress's; what comes out goes through `write`, never to a stream of its own.
 */
import { Writable } from 'node:stream';
import { MultiBar, type SingleBar } from 'cli-progress';

export interface LiveLine {
  /** Shows the text beside a bar; drawn a few times a second at most. */
  show(text: string, done: number, total: number): void;
  /** Writes whole lines that stay; above the live one while there is one. */
  print(lines: string): void;
  /** Takes the live line away; later `show` brings it back. */
  clear(): void;
}

const barWidth = 20; // columns
const leastColumnsForBar = 100;
const drawsPerSecond = 5;

/** Lines for a terminal of `columns()` columns. */
export function createLiveLine(write: (text: string) => void, columns: () => number): LiveLine {
  const stream = terminalOf(write, columns);
  let bars: MultiBar | null = null;
  let bar: SingleBar | null = null;
  return {
    show(text, done, total) {
      if (bars === null) {
        bars = new MultiBar({
          stream,
          format: (_options, { value, total: all }, { text: latest }: { text: string }) =>
            layOut(latest, value / Math.max(1, all), columns()),
          fps: drawsPerSecond,
          clearOnComplete: true,
          hideCursor: true,
          forceRedraw: true, // a line printed above it overwrites it, though its text is the same
          linewrap: true, // lay-out cuts the line; the terminal's own setting is left alone
          gracefulExit: false, // signals are the caller's
        });
        bar = bars.create(total, done, { text });
        bars.update();
      }
      bar?.setTotal(total);
      bar?.update(done, { text });
    },

    print(lines) {
      if (bars === null) return write(lines);
      bars.log(lines);
      bars.update();
    },

    clear() {
      bars?.stop();
      [bars, bar] = [null, null];
    },
  };
}

/** `[======----] text`, cut to the terminal's width; without the bar where there is little room. */
export function layOut(text: string, share: number, columns: number): string {
  const filled = Math.round(barWidth * Math.min(1, share));
  const bar = `[${'='.repeat(filled)}${'-'.repeat(barWidth - filled)}] `;
  const line = columns >= leastColumnsForBar ? bar + text : text;
  return line.slice(0, Math.max(0, columns - 1));
}

/** A stream for cli-progress, which asks it whether it is a terminal and how wide. */
function terminalOf(write: (text: string) => void, columns: () => number): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(stream, {
    isTTY: { value: true },
    columns: { get: columns },
  });
}

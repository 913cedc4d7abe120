/** How far a long task of `lockstep data` is, on stderr: a bar on a terminal, a line every few seconds elsewhere. */
import { SingleBar } from 'cli-progress';
import { formatCount } from '../../shared/text.ts';

export interface Bar {
  /** @param done of what was announced */
  update(done: number): void;
  stop(): void;
}

const LINE_EVERY_MS = 5000;

/** Shows a bar until it is stopped. @param unit what `total` counts, such as `images` */
export function startBar(what: string, total: number, unit: string): Bar {
  const bar = new SingleBar({
    format: `${what} [{bar}] {percentage} % of ${formatCount(total)} ${unit}`,
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '-',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(Math.min(done, total)), stop: () => bar.stop() };
}

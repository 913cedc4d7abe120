/**
 * The table of a sweep, where the run is one of its trials: `sweep.json` beside the run folder, with one flat record
 * a trial. Which fields a record has is the sweep's business; the page shows what is there.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const sweepSchema = z.object({ trials: z.array(z.record(z.string(), cell)) });
export type SweepTable = z.infer<typeof sweepSchema>;

export interface SweepReader {
  /** The table when it is new, else null. */
  news(): Promise<SweepTable | null>;
  /** The table as it was read last; null where there is none. */
  readonly latest: SweepTable | null;
}

export function createSweepReader(runDir: string): SweepReader {
  const path = join(dirname(runDir), 'sweep.json');
  let latest: SweepTable | null = null;
  let readOfMs = NaN; // when what was read had been written
  return {
    get latest() {
      return latest;
    },
    async news() {
      const modifiedMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => NaN, // most runs are no trials
      );
      if (Object.is(modifiedMs, readOfMs)) return null;
      readOfMs = modifiedMs;
      const table = Number.isNaN(modifiedMs) ? null : await readTable(path);
      if (table !== null) latest = table;
      return table;
    },
  };
}

/** @returns null for what is no table of trials, or only half of one yet */
async function readTable(path: string): Promise<SweepTable | null> {
  try {
    const parsed = sweepSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

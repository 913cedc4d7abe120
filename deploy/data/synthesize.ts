/** Synthetic street digits as an SVHN file: what `--data synthetic` trains on, for others to read. */
import { existsSync } from 'node:fs';
import { writeMat } from '../../shared/data/mat-writer.ts';
import { syntheticRows, syntheticShape } from '../../shared/data/synthetic.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import { usageError } from '../../shared/errors.ts';
import { startBar } from './progress.ts';
import { unwritable } from './unwritable.ts';

/**
 * Writes images 0..rowCount-1 of `seed` with their labels.
 *
 * @throws LockstepError: 64 for a path that is taken or a value out of range, 1 when it cannot be written
 */
export async function synthesize(path: string, rowCount: number, seed: number): Promise<void> {
  if (!path.toLowerCase().endsWith('.mat'))
    throw usageError(`${path}: got another ending, expected .mat, by which readers know the format; add it`);
  if (!Number.isSafeInteger(rowCount) || rowCount < 1)
    throw usageError(`--rows: got ${rowCount}, expected a whole number of at least 1`);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw usageError(`--seed: got ${seed}, expected a whole number from 0 to ${2 ** 32 - 1}`);
  if (existsSync(path))
    throw usageError(`${path}: got a file that is there, expected a new one; name another or delete it`);
  const labels = new Uint8Array(rowCount);
  const bar = startBar('drawing digits', rowCount, 'images');
  const rowBytes = rowLength(syntheticShape);
  function* rows(): Generator<Uint8Array> {
    let done = 0;
    for (const block of syntheticRows(rowCount, seed, labels)) {
      yield block;
      bar.update((done += block.length / rowBytes));
    }
  }
  try {
    await writeMat(path, { shape: syntheticShape, rowCount, rows: rows(), labels: () => labels });
  } catch (error) {
    throw unwritable(path, error);
  } finally {
    bar.stop();
  }
}

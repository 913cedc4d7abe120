/** A compressed `.mat` to be read by benchmarks: synthetic street digits, made once into the cache. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeMat } from '../../shared/data/mat-writer.ts';
import { syntheticRows, syntheticShape, syntheticVersion } from '../../shared/data/synthetic.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import type { BenchContext } from './benchmark.ts';

const seed = 1;
const paintedLimit = 8000; // images of their own; deflate looks back 32 KiB, and never sees them again

/** @returns the path of a file of `rowCount` images, the first 8,000 over and over */
export async function syntheticMat(
  { cacheFolder, say }: Pick<BenchContext, 'cacheFolder' | 'say'>,
  rowCount: number,
): Promise<string> {
  const path = join(cacheFolder, `bench-${syntheticVersion}-${rowCount}.mat`);
  if (existsSync(path)) return path;
  say(`making ${path}`);
  mkdirSync(cacheFolder, { recursive: true });
  const painted = Math.min(paintedLimit, rowCount);
  const labelsOfPainted = new Uint8Array(painted);
  const blocks = [...syntheticRows(painted, seed, labelsOfPainted)].map((block) => block.slice());
  const labels = Uint8Array.from({ length: rowCount }, (_, row) => labelsOfPainted[row % painted]!);
  await writeMat(path, {
    shape: syntheticShape,
    rowCount,
    rows: repeated(blocks, rowCount * rowLength(syntheticShape)),
    labels: () => labels,
  });
  return path;
}

function* repeated(blocks: readonly Uint8Array[], byteCount: number): Generator<Uint8Array> {
  for (let left = byteCount; left > 0;) {
    for (const block of blocks) {
      if (left === 0) return;
      const part = block.subarray(0, Math.min(block.length, left));
      left -= part.length;
      yield part;
    }
  }
}

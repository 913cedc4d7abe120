/** The data of a run: the training file's rows, the test set's, and which rows are used for what. */
import { rowLength } from '../shared/data/dataset.ts';
import { openDataset } from '../shared/data/open.ts';
import type { CachedDataset } from '../shared/data/row-cache.ts';
import { dataError } from '../shared/errors.ts';
import { checkComponentCount } from '../shared/math/pca.ts';
import type { Split } from '../shared/protocol/messages.ts';
import type { Config } from '../shared/runtime/config.ts';
import { createWorkload, type Workload } from '../shared/runtime/workload.ts';
import type { PictureSource } from './run/pictures.ts';

export interface RunData {
  readonly config: Config; // fitted to the images
  readonly training: CachedDataset; // rows to train on, and those held out
  readonly test: CachedDataset | null;
  readonly workload: Workload;
  readonly pictures: PictureSource;
  close(): void;
}

/**
 * Opens both data sets, converting them first where that was never done.
 * @param fit what the configuration is for images of so many values; as it stands by default
 * @throws LockstepError: 65 for unreadable files and images of two shapes, 64 for more components than pixels
 */
export async function openRunData(
  config: Config,
  cacheDir: string,
  onProgress: (text: string) => void,
  fit: (pixelCount: number) => Config = () => config,
): Promise<RunData> {
  const open = (paths: readonly string[]): Promise<CachedDataset> =>
    openDataset(paths, {
      cacheDir,
      synthetic: { rowCount: config.syntheticRows, seed: config.syntheticSeed },
      onProgress: (rows) => onProgress(`reading ${paths.join(' ')}: ${rows.toLocaleString('en-US')} rows`),
    });
  const training = await open(config.data);
  const test = config.testData.length === 0 ? null : await open(config.testData);
  if (test !== null && JSON.stringify(test.shape) !== JSON.stringify(training.shape)) {
    const [got, expected] = [test, training].map(({ shape }) => Object.values(shape).join(' x '));
    throw dataError(
      `--test-data: got images of ${got}, expected ${expected} as in --data; name files of that shape`,
    );
  }
  const fitted = fit(rowLength(training.shape));
  if (fitted.components !== null) checkComponentCount(fitted.components, rowLength(training.shape));
  const of = (split: Split): CachedDataset => (split === 'test' && test !== null ? test : training);
  return {
    config: fitted,
    training,
    test,
    workload: createWorkload(fitted, training.rowCount, test?.rowCount ?? 0),
    pictures: {
      image: training.shape,
      readRows: (split, rows, out) => of(split).readRows(rows, out),
      labels: (split) => of(split).labels,
    },
    close() {
      training.close();
      test?.close();
    },
  };
}

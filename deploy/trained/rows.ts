/** The rows that a command is asked to show or to judge: of the run's own data, or of files that it never saw. */
import type { Dataset } from '../../shared/data/dataset.ts';
import { openDataset } from '../../shared/data/open.ts';
import { dataError, usageError } from '../../shared/errors.ts';
import type { Split } from '../../shared/protocol/messages.ts';
import type { RunData } from '../../coordinator/run-data.ts';
import type { Trained } from './open.ts';

export interface ChosenRows {
  readonly name: string; // for people
  readonly dataset: Dataset;
  readonly batches: readonly Uint32Array[]; // row indices
  close(): void;
}

export interface RowChoice {
  readonly files: readonly string[]; // none: the run's own data
  readonly split: Split | null; // null: what was held out
  readonly limit: number | null; // rows at most
  readonly cacheDir: string;
}

/** @throws LockstepError: 64 for a split that the run has not, 65 for unreadable files */
export async function chooseRows(trained: Trained, data: RunData, choice: RowChoice): Promise<ChosenRows> {
  return choice.files.length > 0
    ? rowsOfFiles(trained, data, choice)
    : rowsOfRun(data, choice.split ?? 'heldOut');
}

/** Of the run's evaluations the very rows, in the very batches. */
function rowsOfRun(data: RunData, split: Split): ChosenRows {
  const { workload, training, test } = data;
  const rowCount = workload.evaluationCount(split);
  if (rowCount === 0) {
    const others = (['heldOut', 'training', 'test'] as const).filter(
      (other) => workload.evaluationCount(other) > 0,
    );
    throw usageError(`--split ${split}: the run has no such rows, expected ${others.join(' or ')}`);
  }
  const spec = { kind: 'evaluate', split, rowCount, settings: { klWeight: 1 } } as const;
  return {
    name: `${rowCount} rows, ${split}`,
    dataset: split === 'test' && test !== null ? test : training,
    batches: Array.from({ length: workload.leafCount(spec) }, (_, leaf) => workload.rowsOf(spec, leaf)),
    close: () => {}, // the run's data close themselves
  };
}

async function rowsOfFiles(trained: Trained, { workload }: RunData, choice: RowChoice): Promise<ChosenRows> {
  const { config, image } = trained;
  const dataset = await openDataset(choice.files, {
    cacheDir: choice.cacheDir,
    synthetic: { rowCount: config.syntheticRows, seed: config.syntheticSeed },
  });
  const [got, expected] = [dataset.shape, image].map((s) => `${s.height} x ${s.width} x ${s.channels}`);
  if (got !== expected) {
    dataset.close();
    throw dataError(
      `--data: got images of ${got}, expected ${expected} as the model was trained on; name other files`,
    );
  }
  const rowCount = Math.min(dataset.rowCount, choice.limit ?? config.evaluationRows);
  const size = workload.microBatchSize;
  const batches = Array.from({ length: Math.ceil(rowCount / size) }, (_, batch) =>
    Uint32Array.from({ length: Math.min(size, rowCount - batch * size) }, (_, row) => batch * size + row),
  );
  return { name: `${rowCount} rows of ${dataset.name}`, dataset, batches, close: () => dataset.close() };
}

/**
 * Which rows each leaf of a task covers: the pure function that coordinator and workers share.
 *
 * The coordinator needs the number of leaves, a worker the rows of one leaf; both follow from the run's
 * configuration and the number of rows, so that no list of rows ever travels.
 */
import { defaultMicroBatchSize } from '../math/batch.ts';
import {
  createSplit,
  createStream,
  pcaRows,
  type RowStream,
  type Split as RowSplit,
} from '../math/stream.ts';
import type { Split, TaskSpec } from '../protocol/messages.ts';
import type { Config } from './config.ts';

export const covarianceLeafRows = 8192; // whole blocks of 1,024 rows, which a device sums exactly

export interface Workload {
  readonly microBatchSize: number;
  readonly split: RowSplit;
  readonly stream: RowStream;
  readonly testRowCount: number;
  /** Rows of a split that evaluations see. */
  evaluationCount(split: Split): number;
  leafCount(spec: TaskSpec): number;
  /** Row indices of a leaf, into the data set that `splitOf` names. */
  rowsOf(spec: TaskSpec, leaf: number): Uint32Array;
}

/** Which data set a task reads. */
export const splitOf = (spec: TaskSpec): Split =>
  spec.kind === 'evaluate' || spec.kind === 'render' ? spec.split : 'training';

export function createWorkload(config: Config, rowCount: number, testRowCount: number): Workload {
  const microBatchSize = config.microBatchSize ?? defaultMicroBatchSize(config.batchSize);
  const split = createSplit({ ...config, rowCount });
  const stream = createStream({ ...config, microBatchSize, rows: split.training });
  const testRows = Uint32Array.from({ length: testRowCount }, (_, row) => row);
  const all: Record<Split, Uint32Array> = {
    training: split.training,
    heldOut: split.heldOut,
    test: testRows,
  };
  const chosen = new Map<string, Uint32Array>();

  /** At most `limit` rows of a split: a seeded choice, the same at every call. */
  function choose(name: Split, limit: number): Uint32Array {
    const key = `${name} ${limit}`;
    const known = chosen.get(key) ?? pcaRows(all[name], limit, config.splitSeed);
    chosen.set(key, known);
    return known;
  }

  const evaluationRows = (name: Split): Uint32Array => choose(name, config.evaluationRows);
  const slice = (rows: Uint32Array, size: number, leaf: number): Uint32Array =>
    rows.subarray(leaf * size, Math.min(rows.length, (leaf + 1) * size));

  return {
    microBatchSize,
    split,
    stream,
    testRowCount,
    evaluationCount: (name) => evaluationRows(name).length,

    leafCount(spec) {
      switch (spec.kind) {
        case 'gradient':
          return stream.microBatchCount;
        case 'statistics':
          return stream.statisticsCount(config.statisticsRows);
        case 'evaluate':
          return Math.ceil(spec.rowCount / microBatchSize);
        case 'covariance':
          return Math.ceil(choose('training', config.pcaRows).length / covarianceLeafRows);
        case 'basis':
        case 'render':
          return 1;
        default:
          return spec satisfies never;
      }
    },

    rowsOf(spec, leaf) {
      switch (spec.kind) {
        case 'gradient': {
          const rows = new Uint32Array(microBatchSize);
          stream.rowsOf(spec.step, leaf, rows);
          return rows;
        }
        case 'statistics': {
          const rows = new Uint32Array(microBatchSize);
          stream.statisticsRows(leaf, rows);
          return rows;
        }
        case 'evaluate':
          return slice(evaluationRows(spec.split).subarray(0, spec.rowCount), microBatchSize, leaf);
        case 'covariance':
          return slice(choose('training', config.pcaRows), covarianceLeafRows, leaf);
        case 'basis':
          return new Uint32Array(0);
        case 'render':
          return Uint32Array.from(spec.rows);
        default:
          return spec satisfies never;
      }
    },
  };
}

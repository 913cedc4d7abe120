/** Rows and labels of a leaf: read where the data is seen, else awaited. One form for both, the same bits. */
import { readBatch, type Batch } from '../shared/data/dataset.ts';
import type { TaskSpec } from '../shared/protocol/messages.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import type { RunRows } from './data.ts';
import { dataSetOf, leafKey, type RowPlan } from './leaf-rows.ts';
import type { RowFeed } from './row-feed.ts';

interface Rows {
  readonly data: RunRows;
  readonly workload: Workload; // which of them are whose
}

/** @param isOfUse whether the leaf is still to be computed; asked while its rows are awaited */
export function createBatches(
  { data, workload }: Rows,
  feed: Pick<RowFeed, 'take'>,
  isOfUse: () => boolean,
): (spec: TaskSpec, leaf: number) => Promise<Batch | null> {
  return async (spec, leaf) => {
    const indices = workload.rowsOf(spec, leaf);
    if (indices.length === 0) return { rows: new Uint8Array(0), labels: null, rowCount: 0 };
    const { own } = data[dataSetOf(spec)]!;
    return own === null ? feed.take(leafKey(spec, leaf), isOfUse) : readBatch(own, indices);
  };
}

/** What the worker's machine has to know of them. */
export const planOf = ({ data, workload }: Rows): RowPlan => ({
  workload,
  streamed: {
    training: data.training.own === null ? data.training.about : null,
    test: data.test?.own === null ? data.test.about : null,
  },
});

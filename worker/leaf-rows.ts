/**
 * Which rows a worker is to be sent, given its tasks: those of the micro-batches in hand, in the order in which they
 * are computed, and behind them those that the same nodes of the next step will need, so that they are here by then.
 */
import type { TreeNode } from '../shared/math/tree.ts';
import type { DataDescription, DataSetName } from '../shared/protocol/data-messages.ts';
import type { TaskSpec } from '../shared/protocol/messages.ts';
import { splitOf, type Workload } from '../shared/runtime/workload.ts';
import type { WantedRows } from './row-store.ts';

/** What has to be sent to this worker, and how rows are chosen. */
export interface RowPlan {
  readonly workload: Workload;
  readonly streamed: Readonly<Record<DataSetName, Pick<DataDescription, 'shape' | 'labelled'> | null>>; // null: seen
}

/** Names a leaf's rows: gradients of a step are alike whatever else their task says. */
export const leafKey = (spec: TaskSpec, leaf: number): string =>
  spec.kind === 'gradient' ? `gradient ${spec.step} ${leaf}` : `${JSON.stringify(spec)} ${leaf}`;

export const dataSetOf = (spec: TaskSpec): DataSetName => (splitOf(spec) === 'test' ? 'test' : 'training');

/** Those that the same nodes of the next step will need; null where it is not known what comes next. */
export const rowsOfNextStep = (
  plan: RowPlan,
  spec: TaskSpec,
  nodes: readonly TreeNode[],
): WantedRows[] | null =>
  spec.kind === 'gradient' ? rowsOfTask(plan, { ...spec, step: spec.step + 1 }, nodes) : null;

/** Rows of the leaves of a task's nodes, in the order in which they are computed. */
export function rowsOfTask(
  { workload, streamed }: RowPlan,
  spec: TaskSpec,
  nodes: readonly TreeNode[],
): WantedRows[] {
  const of = dataSetOf(spec);
  const format = streamed[of];
  if (format === null) return [];
  return nodes.flatMap(({ first, end }) =>
    Array.from({ length: end - first }, (_, index) => {
      const leaf = first + index;
      const count = rowCountOf(workload, spec, leaf);
      const indices = (): Uint32Array => workload.rowsOf(spec, leaf);
      const { shape, labelled } = format;
      return { key: leafKey(spec, leaf), of, shape, labelled, count, indices };
    }).filter(({ count }) => count > 0),
  );
}

/** Without finding out which rows they are, where that takes time. */
const rowCountOf = (workload: Workload, spec: TaskSpec, leaf: number): number =>
  spec.kind === 'gradient' || spec.kind === 'statistics'
    ? workload.microBatchSize
    : workload.rowsOf(spec, leaf).length;

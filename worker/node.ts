/**
 * Computes one node of a task's tree: each leaf on the device, then their sum along the tree.
 *
 * Values are rounded and added by the same kernels as on the coordinator's side, so that it does not matter who
 * adds. Whether a leaf is finite, and its |gradient|^2, are found before it is rounded: what passes has no entry
 * above 2^64, so that rounding to bfloat16 makes nothing infinite, and an infinite sum is seen at the root. A sum
 * holds at most depth + 1 values at a time; their room is used again from node to node and from task to task.
 */
import { checksumOf } from '../shared/math/checksum.ts';
import type { Kernels, SumCheck } from '../shared/math/kernels.ts';
import { addNodes, precisionOf, viewNode, type Precision } from '../shared/math/node-values.ts';
import { childrenOf, type TreeNode } from '../shared/math/tree.ts';
import { encodeBasis } from '../shared/math/pca.ts';
import type { Batch } from '../shared/data/dataset.ts';
import type { Compute, Terms } from '../shared/model/compute.ts';
import type { TaskSpec } from '../shared/protocol/messages.ts';
import type { TaskMessage } from './events.ts';

export interface NodeResult {
  readonly values: Float32Array | Float64Array | Uint16Array; // bfloat16 by its bits; stays valid until the next task begins
  readonly sampleCount: number;
  readonly terms: Terms;
  readonly squares: number; // sum over micro-batches of |gradient|^2
  readonly nonFinite: readonly number[]; // leaves
  readonly computeMs: number;
  readonly checksum?: number; // of the values, where the task asks for it
}

/** What a node is computed from and with. */
export interface NodeContext {
  readonly compute: Compute;
  /** Rows of a leaf, wherever they come from; null when they are of no use any more. */
  readonly batchOf: (spec: TaskSpec, leaf: number) => Promise<Batch | null>;
  readonly seed: number;
  /** The summed covariance that a `basis` task decomposes; null until it was received. */
  readonly covariance: Float64Array | null;
  readonly rooms: Rooms;
}

/** Room for values of one length, in one kernel memory. */
export interface Rooms {
  readonly kernels: Kernels;
  take(): number; // byte offset
  free(offset: number): void;
  view(offset: number): Float32Array | Float64Array;
}

export const wide = (spec: TaskSpec): boolean => spec.kind === 'statistics' || spec.kind === 'covariance';

/** Of nodes below the root. */
const precisionOfTask = ({ spec }: Task): Precision => {
  if (spec.kind === 'gradient') return spec.wire;
  return wide(spec) ? 'float64' : 'float32';
};

/** What of a task's message a node is computed from. */
type Task = Pick<TaskMessage, 'spec' | 'leafCount' | 'resultLength' | 'checksums'>;

/** A node's values while they are summed: `offset` is null where only scalars count. */
interface Partial extends Omit<NodeResult, 'values' | 'computeMs' | 'checksum'> {
  readonly offset: number | null;
}

/**
 * @param goOn asked before each leaf; when it says no, the node is given up
 * @returns null when it was given up
 */
export async function computeNode(
  context: NodeContext,
  task: Task,
  node: TreeNode,
  goOn: () => Promise<boolean>,
): Promise<Omit<NodeResult, 'computeMs'> | null> {
  const { rooms } = context;
  const { leafCount, resultLength } = task;
  const precision = precisionOfTask(task);

  const isNarrow = (at: TreeNode): boolean => precisionOf(precision, at, leafCount) === 'bfloat16';

  async function visit(at: TreeNode): Promise<Partial | null> {
    if (at.end - at.first === 1) return (await goOn()) ? makeLeaf(at) : null;
    const [left, right] = childrenOf(at);
    const a = await visit(left);
    const b = a && (await visit(right));
    return a && b && join(a, b, at);
  }

  async function makeLeaf(at: TreeNode): Promise<Partial | null> {
    const batch = await context.batchOf(task.spec, at.first);
    if (batch === null) return null;
    const offset = resultLength > 0 ? rooms.take() : null;
    const leaf = await computeLeaf(context, task.spec, at.first, batch, offset);
    if (offset !== null && isNarrow(at)) rooms.kernels.narrow(offset, offset, resultLength);
    return leaf;
  }

  function join(a: Partial, b: Partial, at: TreeNode): Partial {
    if (a.offset !== null && b.offset !== null) {
      const values = { left: a.offset, right: b.offset, count: resultLength };
      addNodes(rooms.kernels, precision, values, at, leafCount);
      rooms.free(b.offset);
    }
    return { ...addScalars(a, b), offset: a.offset };
  }

  const total = await visit(node);
  if (total === null) return null;
  const { offset, ...scalars } = total;
  if (offset === null) return { ...scalars, values: new Float32Array(0) };
  const values = viewNode(rooms.kernels, precisionOf(precision, node, leafCount), offset, resultLength);
  if (task.checksums !== true) return { ...scalars, values };
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { ...scalars, values, checksum: checksumOf(bytes) };
}

function addScalars(a: Partial, b: Partial): Omit<Partial, 'offset'> {
  const terms: Record<string, number> = {};
  for (const [name, value] of Object.entries(a.terms)) terms[name] = value + (b.terms[name] ?? NaN);
  return {
    sampleCount: a.sampleCount + b.sampleCount,
    terms,
    squares: a.squares + b.squares,
    nonFinite: [...a.nonFinite, ...b.nonFinite],
  };
}

/** Computes one leaf into `offset`. */
async function computeLeaf(
  context: NodeContext,
  spec: TaskSpec,
  leaf: number,
  batch: Batch,
  offset: number | null,
): Promise<Partial> {
  const { compute, rooms, seed } = context;
  const values = offset === null ? null : rooms.view(offset);
  let terms: Terms = {};
  let check: SumCheck = { squares: 0, finite: true };
  switch (spec.kind) {
    case 'gradient': {
      const draw = { seed, purpose: 'training', step: spec.step, microBatch: leaf } as const;
      terms = await compute.gradient(batch, draw, spec.settings, values as Float32Array);
      check = rooms.kernels.finishLeaf(offset!, values!.length);
      break;
    }
    case 'statistics':
      await compute.statistics(
        batch,
        { seed, purpose: 'statistics', step: 0, microBatch: leaf },
        values as Float64Array,
      );
      break;
    case 'evaluate': {
      const draw = { seed, purpose: 'evaluation', step: 0, microBatch: leaf } as const;
      terms = await compute.evaluate(batch, draw, spec.settings);
      break;
    }
    case 'covariance':
      values!.fill(0);
      await compute.covariance(batch, values as Float64Array);
      break;
    case 'basis': {
      const { rowCount, componentCount, whiten } = spec;
      values!.set(encodeBasis(await compute.basis(context.covariance!, rowCount, componentCount, whiten)));
      break;
    }
    case 'render':
      values!.set(await compute.render(spec.request, batch.rowCount === 0 ? null : batch));
      break;
    default:
      return spec satisfies never;
  }
  const finite = check.finite && Object.values(terms).every(Number.isFinite);
  return {
    offset,
    sampleCount: batch.rowCount,
    terms,
    squares: check.squares,
    nonFinite: finite ? [] : [leaf],
  };
}

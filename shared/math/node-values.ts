/**
 * What the values of a tree's nodes are held in, and how two siblings become their parent: the one place where a
 * worker and a reducer agree on it, so that it does not matter who adds.
 *
 * In a run on a bfloat16 wire every node of the gradient below the root is bfloat16 from the moment that it is made,
 * whether it is sent or not: rounded to nearest even, after an addition in float32. Its bits then do not depend on
 * which nodes a worker happened to be dealt. The root is never rounded: it is float32 wherever it is made.
 */
import type { Kernels } from './kernels.ts';
import type { TreeNode } from './tree.ts';

/** What nodes of the gradient below the root can be. */
export const wires = ['float32', 'bfloat16'] as const;
export type Wire = (typeof wires)[number];
export type Precision = Wire | 'float64';

const isRoot = ({ first, end }: TreeNode, leafCount: number): boolean => end - first === leafCount;

/** @param precision of the nodes below the root */
export const precisionOf = (precision: Precision, node: TreeNode, leafCount: number): Precision =>
  precision === 'bfloat16' && isRoot(node, leafCount) ? 'float32' : precision;

/** A node's values, as a view; bfloat16 by its bits. */
export const viewNode = (
  kernels: Kernels,
  precision: Precision,
  offset: number,
  count: number,
): Float32Array | Float64Array | Uint16Array => kernels[precision](offset, count);

/**
 * left += right, which makes `parent` in the left child's place. A root needs 4 bytes a value there, though both
 * children may have 2.
 *
 * @param precision of the nodes below the root
 */
export function addNodes(
  kernels: Kernels,
  precision: Precision,
  { left, right, count }: { readonly left: number; readonly right: number; readonly count: number },
  parent: TreeNode,
  leafCount: number,
): void {
  switch (precision) {
    case 'float32':
      return kernels.add(left, right, count);
    case 'float64':
      return kernels.add64(left, right, count);
    case 'bfloat16':
      if (isRoot(parent, leafCount)) return kernels.addToRoot(left, right, count);
      return kernels.addBfloat16(left, right, count);
  }
}

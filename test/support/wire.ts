/** Nodes of a sum as the reference makes them and frames carry them, in float32 and in bfloat16. */
import type { Wire } from '../../shared/math/node-values.ts';
import { referenceBfloat16, referenceSum } from '../../shared/math/reference.ts';
import type { TreeNode } from '../../shared/math/tree.ts';

/** The upper halves of bfloat16 values that lie in float32. */
export const bfloat16Bits = (values: Float32Array): Uint16Array =>
  Uint16Array.from(new Uint32Array(referenceBfloat16(values).buffer), (word) => word >>> 16);

/** What a worker sends of a node; the root is never rounded. */
export function nodeOnWire(
  leaves: readonly Float32Array[],
  node: TreeNode,
  wire: Wire,
): Float32Array | Uint16Array {
  const isRoot = node.end - node.first === leaves.length;
  const values = sumOnWire(leaves, node, wire);
  return wire === 'bfloat16' && !isRoot ? bfloat16Bits(values) : values;
}

/** A node's sum before it is rounded itself. */
export const sumOnWire = (leaves: readonly Float32Array[], node: TreeNode, wire: Wire): Float32Array =>
  referenceSum(leaves, node, wire === 'bfloat16' ? referenceBfloat16 : undefined);

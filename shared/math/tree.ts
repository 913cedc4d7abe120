/**
 * The fixed binary tree along which everything is summed.
 *
 * Float addition is not associative, so a sum has the same bits on any cluster only if its order is fixed.
 * The order is this tree over the leaves 0..n-1: the left child of [first, end) takes the largest power of two
 * that is smaller than the node, as in RFC 6962's Merkle trees. Who computes a leaf, and when its value
 * arrives, then changes nothing. A worker sums whole subtrees and sends only their roots.
 */

/** A node: the sum of the leaves [first, end). Only ranges that `isNode` accepts are nodes. */
export interface TreeNode {
  readonly first: number;
  readonly end: number;
}

/** Splits a node of at least two leaves into its children. */
export function childrenOf({ first, end }: TreeNode): readonly [TreeNode, TreeNode] {
  const middle = first + largestPowerOfTwoBelow(end - first);
  return [
    { first, end: middle },
    { first: middle, end },
  ];
}

/** Whether [first, end) is a node of the tree over `leafCount` leaves. */
export function isNode(node: TreeNode, leafCount: number): boolean {
  if (!(node.first >= 0 && node.first < node.end && node.end <= leafCount)) return false;
  let at: TreeNode = { first: 0, end: leafCount };
  while (at.first !== node.first || at.end !== node.end) {
    if (at.end - at.first < 2) return false;
    const [left, right] = childrenOf(at);
    if (node.end <= left.end) at = left;
    else if (node.first >= right.first) at = right;
    else return false;
  }
  return true;
}

/** The fewest nodes of the tree over `leafCount` leaves whose disjoint union is [first, end), from left to right. */
export function coverRange(range: TreeNode, leafCount: number): TreeNode[] {
  const cover: TreeNode[] = [];
  const visit = (node: TreeNode): void => {
    if (node.end <= range.first || node.first >= range.end) return;
    if (range.first <= node.first && node.end <= range.end) cover.push(node);
    else childrenOf(node).forEach(visit);
  };
  visit({ first: 0, end: leafCount });
  return cover;
}

/**
 * Sums leaves along the tree, holding at most depth + 1 values at a time.
 *
 * @param leaf called once for each leaf, in ascending order
 * @param add may overwrite and return its first argument
 */
export async function sumAlongTree<T>(
  node: TreeNode,
  leaf: (index: number) => Promise<T>,
  add: (left: T, right: T) => T,
): Promise<T> {
  if (node.end - node.first === 1) return leaf(node.first);
  const [leftNode, rightNode] = childrenOf(node);
  const left = await sumAlongTree(leftNode, leaf, add);
  const right = await sumAlongTree(rightNode, leaf, add);
  return add(left, right);
}

/** Key of a node in maps; also its name in logs. */
export const nodeKey = ({ first, end }: TreeNode): string => `${first}-${end}`;

/** The sibling and the parent of a node that is not the root. */
export function familyOf(node: TreeNode, leafCount: number): { sibling: TreeNode; parent: TreeNode } {
  let parent: TreeNode = { first: 0, end: leafCount };
  for (;;) {
    const [left, right] = childrenOf(parent);
    const inLeft = node.end <= left.end;
    const child = inLeft ? left : right;
    if (child.first === node.first && child.end === node.end)
      return { sibling: inLeft ? right : left, parent };
    parent = child;
  }
}

function largestPowerOfTwoBelow(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}

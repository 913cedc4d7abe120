import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels } from '../../shared/math/kernels.ts';
import { addNodes, precisionOf, viewNode, type Precision } from '../../shared/math/node-values.ts';
import { referenceBfloat16, referenceSum } from '../../shared/math/reference.ts';
import { sumAlongTree, type TreeNode } from '../../shared/math/tree.ts';

const count = 21;
const draw = (leaf: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(leaf * 97 + i) * 10 ** ((leaf + i) % 5));

/** Leaf values as a node's are held, and the sum of all along the tree, in place. */
async function sumOf(leafCount: number, precision: Precision) {
  const kernels = createKernels(leafCount * (8 * count + 64));
  const root = { first: 0, end: leafCount };
  const leafAt = (leaf: number) => {
    const offset = kernels.allocate(8 * count);
    const node = { first: leaf, end: leaf + 1 };
    if (precision === 'float64') kernels.float64(offset, count).set(draw(leaf));
    else kernels.float32(offset, count).set(draw(leaf));
    if (precisionOf(precision, node, leafCount) === 'bfloat16') kernels.narrow(offset, offset, count);
    return { offset, node };
  };
  const total = await sumAlongTree(
    root,
    async (leaf) => leafAt(leaf),
    ({ offset: left, node: { first } }, { offset: right, node: { end } }) => {
      addNodes(kernels, precision, { left, right, count }, { first, end }, leafCount);
      return { offset: left, node: { first, end } };
    },
  );
  return viewNode(kernels, precisionOf(precision, root, leafCount), total.offset, count);
}

const leavesOf = (leafCount: number): Float32Array[] =>
  Array.from({ length: leafCount }, (_, leaf) => draw(leaf));

test('a sum along the tree has the bits of the reference, whatever nodes are held in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 33 }), async (leafCount) => {
      const leaves = leavesOf(leafCount);
      const root = { first: 0, end: leafCount };
      assert.deepEqual(await sumOf(leafCount, 'float32'), referenceSum(leaves, root));
      assert.deepEqual(await sumOf(leafCount, 'bfloat16'), referenceSum(leaves, root, referenceBfloat16));
      const wide = (await sumOf(leafCount, 'float64')) as Float64Array;
      assert.ok(
        wide.every((value, i) => Math.abs(value - leaves.reduce((sum, leaf) => sum + leaf[i]!, 0)) < 1e-8),
      );
    }),
  );
});

test('only the root of a sum in bfloat16 is float32, even where it is the only leaf', () => {
  const of = (precision: Precision, node: TreeNode) => precisionOf(precision, node, 8);
  const [root, inner, leaf] = [
    { first: 0, end: 8 },
    { first: 0, end: 4 },
    { first: 7, end: 8 },
  ];
  assert.deepEqual(
    [root, inner, leaf].map((node) => of('bfloat16', node)),
    ['float32', 'bfloat16', 'bfloat16'],
  );
  for (const precision of ['float32', 'float64'] as const)
    for (const node of [root, inner, leaf]) assert.equal(of(precision, node), precision);
  assert.equal(precisionOf('bfloat16', { first: 0, end: 1 }, 1), 'float32');
});

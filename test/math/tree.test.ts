/** The summation tree: one fixed shape, covers that are minimal, and a sum that no order of arrival changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  childrenOf,
  coverRange,
  familyOf,
  isNode,
  nodeKey,
  sumAlongTree,
  type TreeNode,
} from '../../shared/math/tree.ts';

const leafCounts = fc.integer({ min: 1, max: 200 });
const ranges = fc
  .tuple(leafCounts, fc.nat(199), fc.nat(199))
  .map(([leafCount, a, b]) => ({
    leafCount,
    first: Math.min(a, b) % leafCount,
    end: (Math.max(a, b) % leafCount) + 1,
  }))
  .filter(({ first, end }) => first < end);

/** All nodes of the tree over `leafCount` leaves, by walking it. */
function allNodes(leafCount: number): TreeNode[] {
  const walk = (node: TreeNode): TreeNode[] =>
    node.end - node.first === 1 ? [node] : [node, ...childrenOf(node).flatMap(walk)];
  return walk({ first: 0, end: leafCount });
}

test('children split a node, the left one taking the largest power of two below it', () => {
  assert.deepEqual(childrenOf({ first: 0, end: 7 }), [
    { first: 0, end: 4 },
    { first: 4, end: 7 },
  ]);
  assert.deepEqual(childrenOf({ first: 8, end: 16 }), [
    { first: 8, end: 12 },
    { first: 12, end: 16 },
  ]);
  assert.deepEqual(childrenOf({ first: 4, end: 6 }), [
    { first: 4, end: 5 },
    { first: 5, end: 6 },
  ]);
});

test('a range is a node exactly if walking the tree meets it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (leafCount) => {
      const keys = new Set(allNodes(leafCount).map(nodeKey));
      assert.equal(keys.size, 2 * leafCount - 1);
      for (let first = -1; first <= leafCount; first++) {
        for (let end = first - 1; end <= leafCount + 1; end++) {
          assert.equal(isNode({ first, end }, leafCount), keys.has(nodeKey({ first, end })));
        }
      }
    }),
    { numRuns: 15 },
  );
});

test('a cover is made of nodes, from left to right, of which no two are siblings: so it is the smallest', () => {
  fc.assert(
    fc.property(ranges, ({ leafCount, first, end }) => {
      const cover = coverRange({ first, end }, leafCount);
      let at = first;
      for (const node of cover) {
        assert.ok(isNode(node, leafCount));
        assert.equal(node.first, at);
        at = node.end;
      }
      assert.equal(at, end);
      const keys = new Set(cover.map(nodeKey));
      for (const node of cover) {
        if (node.end - node.first === leafCount) continue;
        assert.ok(!keys.has(nodeKey(familyOf(node, leafCount).sibling)));
      }
    }),
  );
});

test('a node and its sibling are the children of its parent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 100 }), fc.nat(), (leafCount, pick) => {
      const nodes = allNodes(leafCount).slice(1); // without the root
      const node = nodes[pick % nodes.length] ?? { first: 0, end: 1 };
      const { parent, sibling } = familyOf(node, leafCount);
      assert.deepEqual(childrenOf(parent).map(nodeKey).sort(), [nodeKey(node), nodeKey(sibling)].sort());
    }),
  );
});

const sumOf = (node: TreeNode, values: readonly number[], trace?: string[]): Promise<number> =>
  sumAlongTree(
    node,
    (index) => {
      trace?.push(String(index));
      return Promise.resolve(values[index] ?? 0);
    },
    (left, right) => Math.fround(left + right),
  );

test('leaves are asked for once each, in ascending order', async () => {
  const trace: string[] = [];
  await sumOf({ first: 4, end: 11 }, Array<number>(11).fill(1), trace);
  assert.deepEqual(trace, ['4', '5', '6', '7', '8', '9', '10']);
});

test('whoever computes which nodes, and in whatever order they arrive, not one bit of the sum changes', async () => {
  const values = fc.array(fc.float({ noNaN: true, min: -(2 ** 66), max: 2 ** 66 }), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(
      values,
      fc.array(fc.nat(60), { maxLength: 6 }),
      fc.nat(),
      async (leaves, cuts, order) => {
        const leafCount = leaves.length;
        const ends = [...new Set([...cuts.map((cut) => cut % leafCount), leafCount])]
          .filter((end) => end > 0)
          .sort((a, b) => a - b);
        const nodes = ends.flatMap((end, i) => coverRange({ first: ends[i - 1] ?? 0, end }, leafCount));
        const arriving = nodes
          .map((node, i) => ({ node, key: (i * 7919 + order) % 104_729 }))
          .sort((a, b) => a.key - b.key);
        const whole = await sumOf({ first: 0, end: leafCount }, leaves);
        const arrived = new Map<string, { node: TreeNode; value: number }>();
        for (const { node } of arriving) merge(arrived, node, await sumOf(node, leaves), leafCount);
        assert.ok(Object.is(arrived.get(`0-${leafCount}`)?.value, whole));
      },
    ),
  );
});

/** Adds a node to those that arrived; a pair of siblings becomes its parent, the left one first. */
function merge(
  arrived: Map<string, { node: TreeNode; value: number }>,
  node: TreeNode,
  value: number,
  leafCount: number,
): void {
  if (node.end - node.first === leafCount) {
    arrived.set(nodeKey(node), { node, value });
    return;
  }
  const { sibling, parent } = familyOf(node, leafCount);
  const other = arrived.get(nodeKey(sibling));
  if (other === undefined) {
    arrived.set(nodeKey(node), { node, value });
    return;
  }
  arrived.delete(nodeKey(sibling));
  const [left, right] = node.first < sibling.first ? [value, other.value] : [other.value, value];
  merge(arrived, parent, Math.fround(left + right), leafCount);
}

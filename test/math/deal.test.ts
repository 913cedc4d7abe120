/** The deal: every leaf once, no worker longer than it must be, and as few nodes as that allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deal, idleAndCeiling, isolate } from '../../shared/math/deal.ts';
import { coverRange, isNode, type TreeNode } from '../../shared/math/tree.ts';

const loadOf = (nodes: readonly TreeNode[]): number =>
  nodes.reduce((sum, { first, end }) => sum + end - first, 0);
const counts = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }));

/** Fewest nodes of all contiguous deals within the caps, by trying every deal. */
function fewestByExhaustion(leafCount: number, caps: readonly number[], from = 0): number {
  if (caps.length === 0) return from === leafCount ? 0 : Infinity;
  const [cap = 0, ...rest] = caps;
  let best = Infinity;
  for (let end = from; end <= Math.min(leafCount, from + cap); end++) {
    const nodes = coverRange({ first: from, end }, leafCount).length;
    best = Math.min(best, nodes + fewestByExhaustion(leafCount, rest, end));
  }
  return best;
}

test('the ranges of the workers, left to right, are all leaves once, as nodes of the tree', () => {
  fc.assert(
    fc.property(counts, ([leafCount, workerCount]) => {
      const dealt = deal(leafCount, workerCount);
      assert.equal(dealt.length, workerCount);
      let at = 0;
      for (const node of dealt.flat()) {
        assert.ok(isNode(node, leafCount));
        assert.equal(node.first, at);
        at = node.end;
      }
      assert.equal(at, leafCount);
      assert.equal(Math.max(...dealt.map(loadOf)), Math.ceil(leafCount / workerCount));
    }),
  );
});

test('no deal with the same greatest load needs fewer nodes', () => {
  const small = fc.tuple(fc.integer({ min: 1, max: 13 }), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(small, ([leafCount, workerCount]) => {
      const caps = Array<number>(workerCount).fill(Math.ceil(leafCount / workerCount));
      assert.equal(deal(leafCount, workerCount).flat().length, fewestByExhaustion(leafCount, caps));
    }),
    { numRuns: 60 },
  );
});

test('with unequal shares the slowest worker ends as early as any deal allows', () => {
  const shares = fc.array(fc.constantFrom(0.5, 1, 1.5, 2, 3), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), shares, (leafCount, speeds) => {
      const timeOf = (loads: readonly number[]): number =>
        Math.max(...loads.map((load, w) => load / (speeds[w] ?? 1)));
      const least = (worker: number, left: number, loads: readonly number[]): number => {
        if (worker === speeds.length) return left === 0 ? timeOf(loads) : Infinity;
        const tries = Array.from({ length: left + 1 }, (_, load) =>
          least(worker + 1, left - load, [...loads, load]),
        );
        return Math.min(...tries);
      };
      const dealt = deal(leafCount, speeds.length, speeds);
      assert.ok(Math.abs(timeOf(dealt.map(loadOf)) - least(0, leafCount, [])) < 1e-9);
    }),
    { numRuns: 60 },
  );
});

test('a power of two of leaves over a power of two of workers is one node each', () => {
  for (const workerCount of [1, 2, 4, 8, 16]) {
    assert.deepEqual(
      deal(16, workerCount).map((nodes) => nodes.length),
      Array<number>(workerCount).fill(1),
    );
  }
});

test('workers beyond what the batch can feed are counted as idle, and the ceiling says what they cost', () => {
  assert.deepEqual(idleAndCeiling(2, 8), { idleWorkers: 6, efficiencyCeiling: 0.25 });
  assert.deepEqual(idleAndCeiling(14, 4), { idleWorkers: 0, efficiencyCeiling: 14 / 16 });
  assert.deepEqual(idleAndCeiling(4, 3), { idleWorkers: 1, efficiencyCeiling: 4 / 6 }); // two leaves take two workers
});

test('seven hundred leaves are dealt to any number of workers', () => {
  for (const workerCount of [2, 63, 700]) {
    const loads = deal(700, workerCount).map(loadOf);
    assert.equal(Math.max(...loads), Math.ceil(700 / workerCount));
    assert.equal(
      loads.reduce((sum, load) => sum + load),
      700,
    );
  }
});

test('a deal cut around a range has it as one node, and every other leaf where it was', () => {
  fc.assert(
    fc.property(counts, fc.nat(), ([leafCount, workerCount], pick) => {
      const dealt = deal(leafCount, workerCount).flatMap((nodes, worker) =>
        nodes.map((node) => ({ node, worker })),
      );
      const whole = deal(leafCount, 1 + (pick % workerCount)).flat();
      const target = whole[pick % whole.length]!;
      const cut = isolate(dealt, target, leafCount);
      assert.ok(cut.every(({ node }) => isNode(node, leafCount)));
      const ownerOf = (deals: typeof dealt, leaf: number): number[] =>
        deals.flatMap(({ node, worker }) => (node.first <= leaf && leaf < node.end ? [worker] : []));
      for (let leaf = 0; leaf < leafCount; leaf++) {
        assert.equal(ownerOf(cut, leaf).length, 1);
        if (leaf < target.first || leaf >= target.end)
          assert.deepEqual(ownerOf(cut, leaf), ownerOf(dealt, leaf));
      }
      assert.ok(cut.some(({ node }) => node.first === target.first && node.end === target.end));
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effect } from '../../coordinator/effects.ts';
import { createSum, leastSlots, type Assignment } from '../../coordinator/sum.ts';
import { deal } from '../../shared/math/deal.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { wires, type Wire } from '../../shared/math/node-values.ts';
import { nodeKey, type TreeNode } from '../../shared/math/tree.ts';
import { nodeOnWire, sumOnWire } from '../support/wire.ts';

const valuesPerChunk = 8;

interface Shape {
  readonly leafCount: number;
  readonly workerCount: number;
  readonly length: number;
  readonly budget: number;
  readonly wire: Wire;
}

/** A sum of `leafCount` leaves of `length` values, dealt to workers, with a budget of chunks. */
function setUp({ leafCount, workerCount, length, budget, wire }: Shape) {
  const kernels = createKernels(length * 4 + (budget + 1) * 128);
  const destination = kernels.allocate(length * 4);
  const slots = Array.from({ length: budget }, () => kernels.allocate(valuesPerChunk * 4));
  const chunks = { first: 0, end: Math.ceil(length / valuesPerChunk) };
  const shape = { task: 1, attempt: 0, leafCount, length, valuesPerChunk, precision: wire } as const;
  const sum = createSum({ ...shape, chunks, kernels, destination, slots });
  const leaves = Array.from({ length: leafCount }, (_, leaf) =>
    Float32Array.from({ length }, (_, i) => Math.sin(leaf * 97 + i) * 10 ** ((leaf + i) % 5)),
  );
  const assignments: Assignment[] = deal(leafCount, workerCount).flatMap((nodes, worker) =>
    nodes.map((node) => ({ node, worker: `w${worker}` })),
  );
  const frameOf = (node: TreeNode, chunk: number) => ({
    type: 'sum' as const,
    task: 1,
    attempt: 0,
    ...node,
    chunk,
    values: nodeOnWire(leaves, node, wire).subarray(chunk * valuesPerChunk, (chunk + 1) * valuesPerChunk),
  });
  const result = (): Float32Array => kernels.float32(destination, length).slice();
  const whole = sumOnWire(leaves, { first: 0, end: leafCount }, wire);
  return { sum, assignments, frameOf, result, whole, chunkCount: chunks.end };
}

/** Chunks that were asked for, as (node, chunk). */
const creditsOf = (effects: readonly Effect[]): { node: TreeNode; chunk: number; peer: string }[] =>
  effects.flatMap((effect) => {
    if (effect.type !== 'send' || effect.message.type !== 'credit') return [];
    const { first, end, chunks } = effect.message;
    return chunks.map((chunk) => ({ node: { first, end }, chunk, peer: effect.peer }));
  });

const shapes = {
  leafCount: fc.integer({ min: 1, max: 40 }),
  workerCount: fc.integer({ min: 1, max: 9 }),
  length: fc.integer({ min: 1, max: 50 }),
  budget: fc.integer({ min: 6, max: 20 }), // from the depth of the largest tree on
  wire: fc.constantFrom(...wires),
  order: fc.infiniteStream(fc.nat()),
};

test('arrival order does not change one bit, and no more chunks are under way than there is room for', () => {
  fc.assert(
    fc.property(fc.record(shapes), ({ order, ...shape }) => {
      const { sum, assignments, frameOf, result, whole } = setUp(shape);
      const asked = creditsOf(sum.begin(assignments));
      while (!sum.complete) {
        assert(
          asked.length > 0 && asked.length <= shape.budget,
          'something is asked for, and there is room for it',
        );
        const [{ node, chunk }] = asked.splice(order.next().value! % asked.length, 1) as [
          (typeof asked)[number],
        ];
        asked.push(...creditsOf(sum.take(frameOf(node, chunk))));
      }
      assert.deepEqual(asked, []);
      assert.deepEqual(result(), whole);
      for (const { node } of assignments) assert.equal(sum.owes(node), false);
    }),
  );
});

test('another worker that inherits a node is asked for what was under way, and for no more', () => {
  fc.assert(
    fc.property(fc.record(shapes), ({ order, ...shape }) => {
      const { sum, assignments, frameOf, result, whole } = setUp(shape);
      let asked = creditsOf(sum.begin(assignments));
      for (let turn = 0; !sum.complete; turn++) {
        const { node, chunk } = asked.splice(order.next().value! % asked.length, 1)[0]!;
        if (turn % 3 === 0) {
          const again = creditsOf(sum.reassign(node, 'heir'));
          const lost = asked
            .filter((one) => nodeKey(one.node) === nodeKey(node))
            .concat({ node, chunk, peer: '' });
          assert.deepEqual(new Set(again.map((one) => one.chunk)), new Set(lost.map((one) => one.chunk)));
          assert.equal(again.length, lost.length);
          assert(again.every(({ peer }) => peer === 'heir'));
          asked = asked.filter((one) => nodeKey(one.node) !== nodeKey(node)).concat(again);
        } else asked.push(...creditsOf(sum.take(frameOf(node, chunk))));
      }
      assert.deepEqual(result(), whole);
    }),
  );
});

test('a chunk that nobody asked for is an offence, one that is here already a duplicate; neither changes a bit', () => {
  const { sum, assignments, frameOf, result, whole, chunkCount } = setUp({
    leafCount: 8,
    workerCount: 2,
    length: 50,
    budget: 7,
    wire: 'float32',
  });
  const asked = creditsOf(sum.begin(assignments));
  const { node } = assignments[0]!;
  assert.throws(() => sum.take(frameOf(node, chunkCount - 1)), { kind: 'unasked' });
  assert.throws(() => sum.take({ ...frameOf(node, 0), chunk: chunkCount }), { kind: 'unasked' });
  assert.throws(() => sum.take(frameOf({ first: 0, end: 1 }, 0)), { kind: 'unasked' });
  while (asked.length > 0) {
    const next = asked.shift()!;
    asked.push(...creditsOf(sum.take(frameOf(next.node, next.chunk))));
    assert.throws(() => sum.take(frameOf(next.node, next.chunk)), { kind: 'duplicate' });
  }
  assert(sum.complete);
  assert.deepEqual(result(), whole);
});

test('nodes below the root are expected as the wire has them, the root always in float32', () => {
  const shape = { leafCount: 8, length: 5, budget: 7 };
  for (const wire of wires)
    for (const workerCount of [1, 2]) {
      const { sum, assignments } = setUp({ ...shape, workerCount, wire });
      const [{ node, chunk }] = creditsOf(sum.begin(assignments)) as [ReturnType<typeof creditsOf>[number]];
      const header = { type: 'sum', task: 1, attempt: 0, ...node, chunk } as const;
      assert.deepEqual(sum.expect(header), { dtype: workerCount === 1 ? 'float32' : wire, count: 5 });
    }
});

test('as many slots as the tree is deep are enough for any deal and order, and with fewer no sum begins', () => {
  const wire = 'float32';
  const rest = { length: 3 * valuesPerChunk, wire } as const;
  for (const leafCount of [1, 2, 3, 5, 8, 31, 32, 33, 64]) {
    const budget = leastSlots(leafCount);
    for (const workerCount of [1, 3, leafCount])
      for (const takeLast of [false, true]) {
        const { sum, assignments, frameOf, result, whole } = setUp({
          leafCount,
          workerCount,
          budget,
          ...rest,
        });
        const asked = creditsOf(sum.begin(assignments));
        for (let one = asked[0]; one !== undefined;) {
          asked.splice(asked.indexOf(one), 1);
          asked.push(...creditsOf(sum.take(frameOf(one.node, one.chunk))));
          one = takeLast ? asked.at(-1) : asked[0];
        }
        assert(sum.complete, `${leafCount} leaves, ${workerCount} workers, ${budget} slots`);
        assert.deepEqual(result(), whole);
      }
    assert.throws(
      () => setUp({ leafCount, workerCount: 1, budget: budget - 1, ...rest }),
      /room for \d+ chunk/,
    );
  }
});

/** A whole step: the kernels, chunk by chunk along the tree, against the reference, bit for bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adamScalars } from '../../shared/math/adam.ts';
import { createKernels, type Kernels } from '../../shared/math/kernels.ts';
import { chunkAt, chunkCount } from '../../shared/math/layout.ts';
import { addNodes, precisionOf, type Wire } from '../../shared/math/node-values.ts';
import { referenceStep, type ReferenceState } from '../../shared/math/reference.ts';
import { sumAlongTree, type TreeNode } from '../../shared/math/tree.ts';

const length = 5003; // P
const valuesPerChunk = 1024;
const batchSize = 77;
const penalty = 0.01;

/** Gradients from huge to subnormal; both signs. @returns byte offsets of [M] leaves */
function drawLeaves(kernels: Kernels, leafCount: number, step: number): number[] {
  return Array.from({ length: leafCount }, (_, index) => {
    const offset = kernels.allocate(4 * length);
    kernels.normal(offset, length, 1, [step, index, 0], 1);
    const values = kernels.float32(offset, length);
    values.forEach((value, i) => (values[i] = value * 2 ** (((i * 37) % 190) - 140)));
    return offset;
  });
}

type Held = TreeNode & { readonly offset: number };

async function stepByChunks(
  kernels: Kernels,
  state: readonly number[],
  leaves: readonly number[],
  step: number,
  wire: Wire,
): Promise<void> {
  const [p = 0, m = 0, v = 0] = state;
  const leafCount = leaves.length;
  for (const leaf of leaves) kernels.finishLeaf(leaf, length);
  for (let index = 0; index < chunkCount(length, valuesPerChunk); index++) {
    const { offset, length: count } = chunkAt(length, index, valuesPerChunk);
    const at = 4 * offset;
    const root = await sumAlongTree(
      { first: 0, end: leafCount },
      (first): Promise<Held> => {
        const held = { first, end: first + 1, offset: (leaves[first] ?? 0) + at };
        const isNarrow = precisionOf(wire, held, leafCount) === 'bfloat16';
        if (isNarrow) kernels.narrow(held.offset, held.offset, count);
        return Promise.resolve(held);
      },
      (left, right) => {
        const parent = { first: left.first, end: right.end };
        const values = { left: left.offset, right: right.offset, count };
        addNodes(kernels, wire, values, parent, leafCount);
        return { ...parent, offset: left.offset };
      },
    );
    const sum = root.offset;
    kernels.scale(sum, count, 1 / batchSize);
    kernels.addScaled(sum, p + at, count, 2 * penalty);
    kernels.adam(p + at, p + at, m + at, v + at, sum, count, adamScalars(settings, step));
  }
}
const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

test('steps by kernels, chunks and tree have the bits of the plain reference', async () => {
  for (const leafCount of [1, 2, 5, 14])
    for (const wire of ['float32', 'bfloat16'] as const) await compareSteps(leafCount, wire);
});

async function compareSteps(leafCount: number, wire: Wire): Promise<void> {
  const kernels = createKernels(2 ** 22);
  const state = [0, 1, 2].map(() => kernels.allocate(4 * length));
  kernels.normal(state[0] ?? 0, length, 2, [0, 0, 0], 0.1);
  const read = (offset = 0): Float32Array => kernels.float32(offset, length).slice();
  let expected: ReferenceState = {
    parameters: read(state[0]),
    firstMoment: read(state[1]),
    secondMoment: read(state[2]),
  };
  const l2 = new Float32Array(length).fill(penalty);
  for (let step = 0; step < 3; step++) {
    const leaves = drawLeaves(kernels, leafCount, step);
    expected = referenceStep(
      expected,
      leaves.map((leaf) => read(leaf)),
      batchSize,
      l2,
      adamScalars(settings, step),
      wire,
    );
    await stepByChunks(kernels, state, leaves, step, wire);
  }
  assert.deepEqual(
    { parameters: read(state[0]), firstMoment: read(state[1]), secondMoment: read(state[2]) },
    expected,
  );
  assert.ok(expected.parameters.every(Number.isFinite));
}

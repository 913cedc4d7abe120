/** The story of the principal components, asked for by the coordinator and answered by workers' own nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findBasis, publishBasis } from '../../coordinator/principal-components.ts';
import type { Answer, Request } from '../../coordinator/requests.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { decodeBasis, encodeBasis, leadingComponents, type Basis } from '../../shared/math/pca.ts';
import { childrenOf, type TreeNode } from '../../shared/math/tree.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { createWorkload } from '../../shared/runtime/workload.ts';
import { computeNode, type NodeContext } from '../../worker/node.ts';
import { createBatches } from '../../worker/batches.ts';
import { ownRows } from '../../worker/data.ts';
import { createRooms } from '../../worker/rooms.ts';
import { exactSums } from '../support/exact-sums.ts';
import { seededBatch, smallImage, smallVae } from '../support/small-vae.ts';

const rowCount = 30_000;
const size = 24; // D
const settings = { image: smallImage, componentCount: 7, whiten: true, pcaRows: 20_000 };
const config = configSchema.parse({ pcaRows: settings.pcaRows, batchSize: 100 });
const workload = createWorkload(config, rowCount, 0);
const { rows } = seededBatch(rowCount);
const training: Dataset = {
  name: 'seeded bytes',
  shape: smallImage,
  rowCount,
  hash: '',
  labels: null,
  classCount: 0,
  readRows: (indices, out) =>
    indices.forEach((row, at) => out.set(rows.subarray(row * size, (row + 1) * size), at * size)),
  close: () => undefined,
};

type Sum = Extract<Request, { kind: 'sum' }>;

/** Answers requests with nodes of the given tree, each from a worker of its own. @returns what is asked, too */
async function runWith(nodesOf: (leafCount: number) => readonly TreeNode[]) {
  const asked: Request[] = [];
  let covariance: Float64Array | null = null;
  const runtime = await openRuntime('wasm', { threads: 1, precision: 'float32', allowCpu: true });
  const compute = await smallVae(runtime);
  const program = findBasis(workload, settings);
  const noFeed = { take: () => assert.fail('nothing is sent') };
  const batchOf = createBatches({ data: ownRows(training), workload }, noFeed, () => true);

  async function sum({ spec, leafCount, resultLength, dtype }: Sum): Promise<Answer> {
    const values = dtype === 'float64' ? new Float64Array(resultLength) : new Float32Array(resultLength);
    let sampleCount = 0;
    for (const node of nodesOf(leafCount)) {
      const rooms = createRooms(resultLength, dtype, 8);
      const context: NodeContext = { compute, batchOf, seed: 1, covariance, rooms };
      const task = { spec, leafCount, resultLength };
      const part = (await computeNode(context, task, node, async () => true))!;
      part.values.forEach((value, at) => (values[at]! += value));
      sampleCount += part.sampleCount;
    }
    return { kind: 'sum', result: { values, terms: {}, sampleCount } };
  }

  let next = program.next();
  while (next.done !== true) {
    const request = next.value;
    asked.push(request);
    assert.ok(request.kind === 'sum' || request.kind === 'publish');
    if (request.kind === 'publish') covariance = request.values as Float64Array;
    next = program.next(request.kind === 'sum' ? await sum(request) : { kind: 'done' });
  }
  compute.dispose();
  return { asked, basis: next.value };
}

const whole = (leafCount: number): TreeNode[] => [{ first: 0, end: leafCount }];
const single = (leafCount: number): TreeNode[] =>
  Array.from({ length: leafCount }, (_, leaf) => ({ first: leaf, end: leaf + 1 })).reverse();
const halves = (leafCount: number): TreeNode[] =>
  leafCount === 1 ? whole(1) : [...childrenOf({ first: 0, end: leafCount })];

test('the basis is that of the chosen training rows, and the same bits whoever summed which of them', async () => {
  const spec = { kind: 'covariance' } as const;
  const leaves = Array.from({ length: workload.leafCount(spec) }, (_, leaf) => workload.rowsOf(spec, leaf));
  assert.equal(leaves.length, 3);
  const chosen = leaves.flatMap((indices) => [...indices]);
  assert.equal(new Set(chosen).size, settings.pcaRows);
  const bytes = new Uint8Array(chosen.length * size);
  training.readRows(Uint32Array.from(chosen), bytes);
  const expected = leadingComponents(exactSums(bytes, size), size, chosen.length, 7, true);
  for (const nodesOf of [whole, halves, single]) {
    const { basis } = await runWith(nodesOf);
    assert.deepEqual(basis, expected);
  }
});

test('the covariance is let go of once the basis is known', async () => {
  const { asked } = await runWith(whole);
  const published = asked.flatMap((request) => (request.kind === 'publish' ? [request] : []));
  assert.deepEqual(
    published.map(({ array, values }) => [array, values.length]),
    [
      ['covariance', size * size + size],
      ['covariance', 1],
    ],
  );
});

test('a basis is published as one array that decodes to it', () => {
  const basis: Basis = leadingComponents(exactSums(rows.subarray(0, 100 * size), size), size, 100, 3, false);
  const { value } = publishBasis(basis).next();
  assert.deepEqual(value, { kind: 'publish', array: 'basis', values: encodeBasis(basis) });
  assert.deepEqual(decodeBasis(encodeBasis(basis), size), basis);
});

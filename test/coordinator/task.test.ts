import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hasAllScalars,
  nonFiniteError,
  nonFiniteLeaves,
  openTask,
  partOf,
  sumScalars,
  type NodeMessage,
} from '../../coordinator/task.ts';
import { deal } from '../../shared/math/deal.ts';
import { childrenOf, type TreeNode } from '../../shared/math/tree.ts';
import { startRun } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';

const lossOf = (leaf: number): number => Math.sin(leaf) * 10 ** (leaf % 7);

/** The loss of a node, added along the tree. */
function along(node: TreeNode): number {
  if (node.end - node.first === 1) return lossOf(node.first);
  const [left, right] = childrenOf(node);
  return along(left) + along(right);
}

const messageOf = (node: TreeNode, nonFinite: number[] = []): NodeMessage => ({
  type: 'node',
  task: 1,
  attempt: 0,
  ...node,
  sampleCount: 3 * (node.end - node.first),
  terms: { loss: along(node), other: -along(node) },
  squares: along(node) ** 2,
  nonFinite,
  computeMs: 1,
});

const taskOf = (leafCount: number, workerCount: number) =>
  openTask(
    1,
    0,
    leafCount,
    deal(leafCount, workerCount).flatMap((nodes, worker) =>
      nodes.map((node) => ({ node, worker: `w${worker}` })),
    ),
  );

test('scalars are added along the tree, so that their bits do not depend on the deal either', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }), (leafCount, workerCount) => {
      const task = taskOf(leafCount, workerCount);
      for (const part of task.parts) {
        assert.equal(hasAllScalars(task), false);
        part.result = messageOf(part.node);
      }
      assert(hasAllScalars(task));
      const { terms, sampleCount } = sumScalars(task);
      const loss = along({ first: 0, end: leafCount });
      assert.deepEqual({ terms, sampleCount }, { terms: { loss, other: -loss }, sampleCount: 3 * leafCount });
    }),
  );
});

test('a part is found by its node, and only by a whole one', () => {
  const task = taskOf(8, 2);
  assert.equal(partOf(task, { first: 4, end: 8 })?.worker, 'w1');
  assert.equal(partOf(task, { first: 4, end: 6 }), undefined);
});

test('leaves that are not finite are named with who computed them, and in the message that ends a run', () => {
  const task = taskOf(8, 2);
  task.parts[0]!.result = messageOf(task.parts[0]!.node);
  task.parts[1]!.result = messageOf(task.parts[1]!.node, [5, 7]);
  assert.deepEqual(nonFiniteLeaves(task), [{ worker: 'w1', leaves: [5, 7] }]);
  assert.match(nonFiniteError(3, task).message, /^step 3: the gradient of micro-batch 5, 7 is not finite/);
});

test('the phases of a step: what its last worker computes, and beside it the way of the parameters', async () => {
  const leafMs = 20;
  const run = await startRun({ seed: 6, model: linearModel(4), expectedWorkers: 2 });
  run.startWorker('a', { leafMs });
  run.startWorker('b', { leafMs });
  await run.finish();
  // The first one waits for both of them.
  for (const { seconds, phases } of run.steps.slice(1)) {
    const { parameters, compute, exchange, commit } = phases;
    const leaves = (compute * 1000) / leafMs;
    assert.ok(Math.abs(leaves - Math.round(leaves)) < 1e-6 && Math.round(leaves) >= 4, `${leaves} leaves`);
    assert.ok(parameters > 0, 'they have a way to go');
    const sum = parameters + compute + exchange + commit;
    assert.ok(sum <= seconds + 1e-9, `${sum} of ${seconds} s`);
    assert.ok(sum >= seconds - 1e-3, `${seconds - sum} s are in no phase, and nobody was waited for`);
  }
});

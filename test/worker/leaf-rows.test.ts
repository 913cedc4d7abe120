import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSpec } from '../../shared/protocol/messages.ts';
import { createWorkload } from '../../shared/runtime/workload.ts';
import { rowsOfNextStep, rowsOfTask, type RowPlan } from '../../worker/leaf-rows.ts';
import type { WantedRows } from '../../worker/row-store.ts';
import { configOf } from '../support/cluster.ts';
import { someData } from '../support/control-messages.ts';

const workload = createWorkload(configOf(), 120, 30);
const plan: RowPlan = { workload, streamed: { training: someData, test: null } };
const settings = { klWeight: 1 };
const gradient = (step: number): TaskSpec => ({ kind: 'gradient', step, settings, wire: 'float32' });

test('the next step wants what was asked for ahead, by the same names; after other tasks it is not known', () => {
  const nodes = [{ first: 2, end: 4 }];
  const ahead = rowsOfNextStep(plan, gradient(4), nodes)!;
  const next = rowsOfTask(plan, gradient(5), nodes);
  const told = (rows: readonly WantedRows[]) => rows.map(({ key, indices }) => [key, indices()]);
  assert.deepEqual(told(ahead), told(next));
  assert.deepEqual(
    next.map(({ indices }) => indices()),
    [2, 3].map((leaf) => workload.rowsOf(gradient(5), leaf)),
  );
  assert.equal(rowsOfNextStep(plan, { kind: 'statistics' }, nodes), null);
});

test('every kind of task wants the rows of its leaves, of the data set that it reads; what is seen is not sent', () => {
  const specs: TaskSpec[] = [
    { kind: 'statistics' },
    { kind: 'evaluate', split: 'heldOut', rowCount: 10, settings },
    { kind: 'covariance' },
    {
      kind: 'render',
      request: { what: 'roundTrip', components: 2, clip: false },
      split: 'training',
      rows: [7],
    },
  ];
  for (const spec of specs) {
    const leaves = workload.leafCount(spec);
    const wanted = rowsOfTask(plan, spec, [{ first: 0, end: leaves }]);
    const expected = Array.from({ length: leaves }, (_, leaf) => workload.rowsOf(spec, leaf));
    assert.deepEqual(
      wanted.map(({ indices }) => indices()),
      expected,
      spec.kind,
    );
    assert.ok(wanted.every(({ of, count }, leaf) => of === 'training' && count === expected[leaf]!.length));
  }
  const ofTestSet: TaskSpec = { kind: 'evaluate', split: 'test', rowCount: 10, settings };
  assert.deepEqual(rowsOfTask(plan, ofTestSet, [{ first: 0, end: 1 }]), []);
  const [ofTest] = rowsOfTask({ workload, streamed: { training: null, test: someData } }, ofTestSet, [
    { first: 0, end: 1 },
  ]);
  assert.equal(ofTest!.of, 'test');
  const samples: TaskSpec = {
    kind: 'basis',
    rowCount: 5,
    componentCount: 2,
    whiten: false,
  };
  assert.deepEqual(rowsOfTask(plan, samples, [{ first: 0, end: 1 }]), []);
});

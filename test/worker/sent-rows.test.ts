import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkload } from '../../shared/runtime/workload.ts';
import { packRows, rowsDigest } from '../../shared/protocol/row-frames.ts';
import type { FetchRows } from '../../worker/equipment.ts';
import type { TaskMessage, WorkerEffect } from '../../worker/events.ts';
import type { WantedRows } from '../../worker/row-store.ts';
import { createSentRows } from '../../worker/sent-rows.ts';
import { configOf, datasetOf, image, startRun } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';
import { someData } from '../support/control-messages.ts';

const dataset = datasetOf();
const workload = createWorkload(configOf(), dataset.rowCount, 0);
const settings = { klWeight: 1 };

const taskOf = (task: number, spec: TaskMessage['spec']): TaskMessage => ({
  type: 'task',
  task,
  attempt: 0,
  leafCount: 8,
  nodes: [{ first: 0, end: 2 }],
  needs: {},
  resultLength: 0,
  spec,
});
const gradient = (step: number) => taskOf(step, { kind: 'gradient', step, settings, wire: 'float32' });

function createSubject() {
  const rows = createSentRows();
  rows.welcomed();
  rows.built({ workload, streamed: { training: someData, test: null } });
  /** Answers each request, and those that follow. @returns how many there were */
  function answer(effects: readonly WorkerEffect[]): number {
    return effects.reduce((count, effect) => {
      assert(effect.type === 'send' && effect.message.type === 'rows');
      const { request, rows: asked } = effect.message;
      return (
        count + 1 + answer(rows.arrived(request, rowsDigest('training', asked), packRows(dataset, asked)))
      );
    }, 0);
  }
  return {
    rows,
    answer,
    task: (task: TaskMessage) => answer(rows.task(task, task.nodes, true)),
    take: (task: TaskMessage) => [0, 1].map((leaf) => answer(rows.taken(`gradient ${task.task} ${leaf}`))),
  };
}

test('each step asks for the rows of the next one alone, whatever comes between', () => {
  const { task, take } = createSubject();
  assert.equal(task(gradient(0)), 4, 'its own two leaves, and two ahead');
  take(gradient(0));
  assert.equal(task(gradient(1)), 2);
  take(gradient(1));
  assert.equal(task(taskOf(2, { kind: 'statistics' })), 2);
  assert.equal(task(gradient(2)), 2);
});

test('a leaf that was taken is not asked for again when the same task comes with more nodes', () => {
  const { rows, answer, task } = createSubject();
  task(gradient(0));
  answer(rows.taken('gradient 0 0'));
  const more = {
    ...gradient(0),
    nodes: [
      { first: 0, end: 2 },
      { first: 4, end: 5 },
    ],
  };
  assert.equal(answer(rows.task(more, more.nodes, false)), 2, 'leaf 4 of this step and of the next');
  assert.equal(rows.knows('gradient 0 0'), false);
});

test('a copy goes on when its connection comes back, and holds every row once and in order', async () => {
  for (const cutMs of [0, 500, 7000]) {
    const run = await startRun({ seed: 5, model: linearModel(4) });
    const copied: number[] = [];
    const size = 7;
    const wanted = Array.from({ length: Math.ceil(dataset.rowCount / size) }, (_, index): WantedRows => {
      const first = index * size;
      const count = Math.min(size, dataset.rowCount - first);
      const indices = (): Uint32Array => Uint32Array.from({ length: count }, (_row, i) => first + i);
      return { key: `copy ${first}`, of: 'training', shape: image, labelled: true, count, indices };
    });
    const before = (fetch: FetchRows): Promise<boolean> =>
      fetch(wanted, ({ rows, labels }) => copied.push(...rows, ...labels!));
    run.startWorker('a', { streamed: true, before });
    await run.network.runUntil(() => copied.length >= 200, 1000);
    assert.ok(copied.length < 5 * dataset.rowCount, 'in the middle');
    if (cutMs > 0) {
      run.network.cut('a');
      run.network.runFor(cutMs);
      run.network.heal('a');
    }
    await run.finish();
    assert.deepEqual(run.offences, []);
    const expected = wanted.flatMap(({ indices }) => [...packRows(dataset, [...indices()])]);
    assert.deepEqual(copied, expected, `a cut of ${cutMs} ms`);
  }
});

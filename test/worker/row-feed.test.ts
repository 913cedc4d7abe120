import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../shared/data/dataset.ts';
import { createRowFeed } from '../../worker/row-feed.ts';
import { startRun } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';

const batch: Batch = { rows: new Uint8Array(12), labels: new Uint8Array(3), rowCount: 3 };

function createSubject() {
  const here = new Map<string, Batch | null>(); // null: on their way
  const waits: number[] = [];
  let now = 0;
  const feed = createRowFeed({
    knows: (key) => here.has(key),
    find: (key) => here.get(key) ?? null,
    onTaken: (key) => void here.delete(key),
    onWaited: (beganMs, endedMs) => void waits.push(endedMs - beganMs),
    nowMs: () => now,
  });
  return { feed, here, waits, pass: (ms: number) => void (now += ms) };
}

test('rows that are here are handed over at once; others are waited for, and the time is known', async () => {
  const { feed, here, waits, pass } = createSubject();
  here.set('a', batch).set('b', null);
  assert.equal(await feed.take('a', () => true), batch);
  assert.deepEqual([waits, here.has('a')], [[], false]);
  const taking = feed.take('b', () => true);
  assert.ok(feed.isWaiting);
  feed.wake(); // of something else
  await Promise.resolve();
  pass(250);
  here.set('b', batch);
  feed.wake();
  assert.equal(await taking, batch);
  assert.deepEqual(waits, [250]);
  assert.match(feed.describe()!, /it waited for them 0.25 of 0.3 s/);
});

test('who waits is let go when the rows are of no use any more; rows that nobody asked for are a bug', async () => {
  const { feed, here } = createSubject();
  here.set('a', null);
  let isOfUse = true;
  const taking = feed.take('a', () => isOfUse);
  isOfUse = false;
  feed.wake();
  assert.equal(await taking, null);
  await assert.rejects(
    feed.take('b', () => true),
    /nobody asked for: b/,
  );
});

test('the rows of a step are here before it begins: of sixty steps all but the first wait for none', async () => {
  const run = await startRun({ seed: 3, model: linearModel(4), config: { steps: 60, evaluateEvery: 100 } });
  const lines: string[] = [];
  run.startWorker('a', { leafMs: 4, streamed: true, log: (line) => void lines.push(line) });
  await run.network.runUntil(() => run.exits.has('a'), 200_000);
  await run.finish();
  const [, waited, whole] = /waited for them ([\d.]+) of ([\d.]+) s/.exec(lines.join('\n'))!;
  assert.ok(Number(whole) > 1.9, 'sixty steps of eight leaves');
  assert.ok(
    Number(waited) < 0.1,
    `${waited} s: a wait is a message there and one back, of at most 5 ms each`,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../coordinator/effects.ts';
import { createRowDesk } from '../../coordinator/row-desk.ts';
import { rowWindow, type RowsMessage } from '../../shared/protocol/data-messages.ts';
import { someData } from '../support/control-messages.ts';

/** Who was sent which requests, in order. */
const sent = (effects: readonly Effect[]): string =>
  effects.flatMap((one) => (one.type === 'sendRows' ? [`${one.peer}${one.request}`] : [])).join(' ');

const rowsOf = (request: number, changes: Partial<RowsMessage> = {}): RowsMessage => ({
  type: 'rows',
  request,
  of: 'training',
  rows: [0, 119],
  ...changes,
});

function createSubject(budget = 16) {
  let now = 0;
  const desk = createRowDesk({ data: someData, testData: null, budget, nowMs: () => now });
  return { desk, wait: (ms: number): void => void (now += ms) };
}

test('each request is answered once, and counted by its bytes', () => {
  const { desk } = createSubject();
  const effects = desk.ask('a', rowsOf(1));
  assert.deepEqual(effects, [
    { type: 'sendRows', peer: 'a', request: 1, of: 'training', rows: [0, 119] },
    { type: 'notice', notice: { kind: 'rows', peer: 'a', bytes: 2 * (4 + 1) } },
  ]);
  assert.equal(sent(desk.received('a', 1)), '');
  assert.deepEqual(desk.ask('a', rowsOf(1)), [{ type: 'notice', notice: { kind: 'duplicate', peer: 'a' } }]);
  assert.equal(sent(desk.received('a', 1)), '', 'a replayed word counts for nothing');
});

test('no more frames are under way than the budget says, however many workers ask', () => {
  const { desk } = createSubject(6);
  let underWay = 0;
  const workers = Array.from({ length: 20 }, (_, index) => `w${index}-`);
  const queue: Effect[] = [];
  for (let request = 1; request <= rowWindow; request++)
    for (const worker of workers) queue.push(...desk.ask(worker, rowsOf(request)));
  let answered = 0;
  for (let at = 0; at < queue.length; at++) {
    const effect = queue[at]!;
    if (effect.type !== 'sendRows') continue;
    underWay += 1;
    assert.ok(underWay <= 6);
    if (underWay < 6) continue;
    for (const { peer, request } of queue.slice(answered, at + 1).filter((one) => one.type === 'sendRows')) {
      underWay -= 1;
      queue.push(...desk.received(peer, request));
    }
    answered = at + 1;
  }
  assert.equal(queue.filter((one) => one.type === 'sendRows').length, 20 * rowWindow);
});

test('a worker that takes nothing keeps nobody waiting: those with the least under way come first', () => {
  const { desk } = createSubject(5);
  for (let request = 1; request <= rowWindow; request++) desk.ask('slow', rowsOf(request));
  assert.equal(sent(desk.ask('a', rowsOf(1))), 'a1');
  assert.equal(sent(desk.ask('a', rowsOf(2))), '');
  assert.equal(sent(desk.received('a', 1)), 'a2');
  desk.ask('b', rowsOf(1));
  assert.equal(sent(desk.lose('slow')), 'b1', 'what was under way to it is free');
});

test('what must not be asked for is an offence: rows that are not there, too many at once, too many requests', () => {
  const { desk } = createSubject();
  assert.throws(() => desk.ask('a', rowsOf(1, { rows: [120] })), { kind: 'bounds' });
  assert.throws(() => desk.ask('a', rowsOf(1, { of: 'test' })), { kind: 'bounds' });
  for (let request = 1; request <= rowWindow; request++) desk.ask('a', rowsOf(request));
  assert.throws(() => desk.ask('a', rowsOf(rowWindow + 1)), { kind: 'flood' });
  const large = { ...someData, shape: { height: 1000, width: 1000, channels: 3 } };
  const ofLarge = createRowDesk({ data: large, testData: null, nowMs: () => 0 });
  assert.throws(() => ofLarge.ask('a', rowsOf(1)), /2 rows at once, expected at most 1/);
});

test('who takes rows and never says so is sent away after a minute; who gets on is not', () => {
  const { desk, wait } = createSubject();
  desk.ask('silent', rowsOf(1));
  desk.ask('slow', rowsOf(1));
  desk.ask('slow', rowsOf(2));
  wait(40_000);
  desk.received('slow', 1);
  wait(40_000);
  assert.deepEqual(
    desk.tick().map((one) => one.type === 'drop' && one.peer),
    ['silent'],
  );
});

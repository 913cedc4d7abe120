import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../coordinator/effects.ts';
import { createMembers, type DoorOptions } from '../../coordinator/members.ts';
import { protocolVersion } from '../../shared/protocol/messages.ts';
import { ownRows, someData } from '../support/control-messages.ts';
import { linearModel } from '../support/fake-models.ts';

const fingerprint = { backend: 'cpu', version: '1', device: 'x', threads: 1, precision: 'float32' };
const hello = {
  type: 'hello',
  protocol: protocolVersion,
  version: '1',
  host: 'h',
  pid: 1,
  fingerprint,
} as const;
const { description } = linearModel(4);
const ready = {
  type: 'ready',
  model: description,
  dataHash: 'data',
  testDataHash: null,
  rows: ownRows,
} as const;

const doorOf = (changes: Partial<DoorOptions> = {}) =>
  createMembers({
    version: '1',
    runId: 'this',
    requireIdentical: false,
    reducers: 0,
    batchSize: 24,
    model: null,
    welcome: { configuration: {}, data: someData, testData: null },
    ...changes,
  });

/** What a peer is told first: the rank of a welcome, or the reason of a refusal. */
function answerOf([effect]: readonly Effect[]): number | string {
  assert(effect?.type === 'send');
  const { message } = effect;
  if (message.type === 'welcome') return message.rank;
  assert(message.type === 'refuse' && message.exitCode === 78);
  return message.reason;
}

test('ranks are the smallest free ones, and one that is asked for if it is free', () => {
  const members = doorOf();
  assert.equal(answerOf(members.hello('a', hello)), 0);
  assert.equal(answerOf(members.hello('b', { ...hello, rank: 3 })), 3);
  assert.equal(answerOf(members.hello('c', { ...hello, rank: 3 })), 1);
  members.remove('a', 'gone');
  assert.equal(answerOf(members.hello('d', hello)), 0);
});

test('only who is ready computes, in the order of ranks', () => {
  const members = doorOf();
  for (const peer of ['a', 'b', 'c']) members.hello(peer, hello);
  for (const peer of ['c', 'a']) assert(members.admit(peer, ready).admitted);
  assert.deepEqual(
    members.ready().map(({ peer }) => peer),
    ['a', 'c'],
  );
  members.remove('a', 'gone');
  assert.equal(members.ready().length, 1);
});

test('another version, data or model is refused, and says what differs and what to do', () => {
  const members = doorOf();
  assert.match(
    String(answerOf(members.hello('a', { ...hello, version: '2' }))),
    /runs lockstep 2 .*same version/,
  );
  assert.match(String(answerOf(members.hello('b', { ...hello, protocol: 99 }))), /protocol 99/);
  for (const peer of ['c', 'd', 'e']) members.hello(peer, hello);
  const refusal = (peer: string, message: Partial<typeof ready> | object): string => {
    const { admitted, effects } = members.admit(peer, { ...ready, ...message });
    assert.equal(admitted, false);
    return String(answerOf(effects));
  };
  assert.match(refusal('c', { dataHash: 'other' }), /sees other data .*same files/);
  assert(members.admit('d', ready).admitted);
  assert.deepEqual(members.model, description);
  const extra = { name: 'more', shape: [1], initialiser: { kind: 'zeros' } };
  const model = { ...description, parameters: [...description.parameters, extra] };
  assert.match(refusal('e', { model }), /another model/);
  assert.match(refusal('nobody', {}), /ready before hello/);
});

test("a checkpoint's model is the run's, whatever the order in which its fields were written", () => {
  const shuffled = Object.fromEntries(Object.entries(description).reverse()) as typeof description;
  const members = doorOf({ model: shuffled });
  members.hello('a', hello);
  assert(members.admit('a', ready).admitted);
});

test('a worker of another kind is told of, or refused where bits must be identical', () => {
  const other = { ...hello, fingerprint: { ...fingerprint, threads: 8 } };
  const tolerant = doorOf();
  tolerant.hello('a', hello);
  assert(tolerant.hello('b', other).some((one) => one.type === 'notice' && one.notice.kind === 'mixed'));
  const strict = doorOf({ requireIdentical: true });
  strict.hello('a', hello);
  assert.match(String(answerOf(strict.hello('b', other))), /threads \(8, not 1\), and --require-identical/);
});

test('who says hello or ready twice breaks the protocol', () => {
  const members = doorOf();
  members.hello('a', hello);
  assert.throws(() => members.hello('a', hello), { kind: 'unasked' });
  members.admit('a', ready);
  assert.throws(() => members.admit('a', ready), { kind: 'unasked' });
});

test('a worker of this run may come in, and one of another run may not, nor waits at the door', () => {
  for (const reducers of [0, 2]) {
    const members = doorOf({ reducers });
    assert.throws(() => members.hello('a', { ...hello, run: 'that' }), {
      kind: 'otherRun',
      message: 'works for run that, and this is this',
    });
    members.hello('b', { ...hello, run: 'this' });
    for (const index of [0, 1]) members.reducers.absent(`no ${index}`);
    assert.deepEqual(
      members.all().map(({ peer, rank }) => [peer, rank]),
      [['b', 0]],
    );
  }
});

test('of a worker that does not see the data it is told how much of its traffic its rows are', () => {
  const members = doorOf();
  members.hello('a', hello);
  members.hello('b', hello);
  const source = { place: 'streamed', reason: 'cannot see the data' } as const;
  const { effects } = members.admit('b', { ...ready, rows: source });
  const notice = effects.flatMap((one) =>
    one.type === 'notice' && one.notice.kind === 'data' ? one.notice : [],
  );
  const rows = (24 / 2) * (4 + 1); // bytes of half a batch
  const share = rows / (rows + 2 * 4 * 5); // beside five parameters up and down
  assert.deepEqual(notice, [{ kind: 'data', rank: 1, host: 'h', ...source, share }]);
  assert.equal(members.admit('a', ready).effects.length, 1, 'of one that does nothing is told');
});

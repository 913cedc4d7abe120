import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeNotice } from '../../../coordinator/screen/notices.ts';

test('who joined stands in one line, and is no warning', () => {
  const reason = 'box1, tensorflow TensorFlow 2.21.0, AMD EPYC';
  const line = describeNotice({ kind: 'joined', rank: 0, peer: 'p', reason });
  assert.deepEqual(line, { text: `rank 0 joined: ${reason}`, isWarning: false });
});

test('losses and refusals warn, by rank where there is one', () => {
  const lost = describeNotice({ kind: 'lost', rank: 3, peer: 'p', reason: 'silent for 10 s' });
  assert.deepEqual(lost, { text: 'rank 3 lost: silent for 10 s', isWarning: true });
  const refused = describeNotice({ kind: 'refused', rank: null, peer: 'p7', reason: 'other version' });
  assert.deepEqual(refused, { text: 'worker p7 refused: other version', isWarning: true });
});

test('who does not see the data is named, with the reason and what it costs', () => {
  const of = { kind: 'data', rank: 2, host: 'box', share: 0.0123 } as const;
  const streamed = describeNotice({
    ...of,
    place: 'streamed',
    reason: 'cannot see the data (x: no such file)',
  });
  assert.deepEqual(streamed, {
    text: 'rank 2 (box) cannot see the data (x: no such file): its rows are streamed, about 1 % of its traffic',
    isWarning: false,
  });
  const copied = describeNotice({ ...of, place: 'copied', reason: 'copied the data into x' });
  assert.equal(copied?.text, 'rank 2 (box) copied the data into x');
});

test('moved work is counted', () => {
  const line = describeNotice({ kind: 'reassigned', rank: 3, microBatches: 1 });
  assert.equal(line?.text, '1 micro-batch of rank 3 given to other workers');
});

test('work that is computed twice, and new shares, are no warning', () => {
  const late = describeNotice({ kind: 'duplicated', rank: 1, microBatches: 2 });
  assert.equal(late?.text, 'rank 1 is late: 2 micro-batches of it computed by idle workers, too');
  const shares = [6, 2].map((microBatches, rank) => ({ rank, microBatches }));
  const dealt = describeNotice({ kind: 'shares', shares });
  assert.equal(dealt?.text, 'micro-batches are dealt by measured speed: 6 to rank 0, 2 to rank 1');
  assert(!late.isWarning && !dealt.isWarning);
});

test('a stall names who is waited for, where, on what, doing what and how long; of many the first', () => {
  const by = { rank: 1, host: 'box2', device: 'EPYC', reason: 'sending values', ageMs: 5000 };
  const stalled = describeNotice({ kind: 'stalled', what: 'gradient of step 3', by: [by] });
  assert.deepEqual(stalled, {
    text: 'waiting for gradient of step 3: rank 1 on box2 (EPYC), sending values, nothing for 0:05',
    isWarning: true,
  });
  const many = describeNotice({
    kind: 'stalled',
    what: 'evaluate',
    by: Array.from({ length: 20 }, () => by),
  });
  assert.match(many?.text ?? '', /; and 12 more$/);
  const few = { kind: 'tooFew', ready: 1, wanted: 2, waitedMs: 65_000 } as const;
  assert.equal(
    describeNotice({ ...few, missing: [{ ...by, reason: 'lost: killed' }] })?.text,
    'the run waits: 1 of 2 workers here for 1:05; missing: rank 1 on box2 (EPYC), lost: killed, for 0:05',
  );
  assert.match(describeNotice({ ...few, missing: [] })?.text ?? '', /nobody else has come yet$/);
});

test('a value that is not finite names rank and micro-batches, a few of them', () => {
  const first = describeNotice({ kind: 'nonFinite', rank: 1, leaves: [4], again: false });
  assert.match(first?.text ?? '', /^rank 1: not finite in micro-batch 4; .*once more/);
  const leaves = Array.from({ length: 20 }, (_, leaf) => leaf);
  const again = describeNotice({ kind: 'nonFinite', rank: 1, leaves, again: true });
  assert.match(again?.text ?? '', /0, 1, 2, 3, 4, 5, 6, 7 and 12 others; a second time$/);
});

test('what only metrics count is silent', () => {
  assert.equal(describeNotice({ kind: 'stale', peer: 'p' }), null);
  assert.equal(describeNotice({ kind: 'duplicate', peer: 'p' }), null);
});

test('reducers that cannot be had are told in one line, with what becomes of the run', () => {
  const reason = 'reducer 1 ended with exit code 1: no room';
  const some = describeNotice({ kind: 'fewReducers', expected: 2, here: 1, reason });
  assert.equal(some?.text, `1 of 2 reducers cannot be had (${reason}): the run goes on with 1`);
  const none = describeNotice({ kind: 'fewReducers', expected: 2, here: 0, reason });
  assert.match(none?.text ?? '', /^2 of 2 reducers .*: the coordinator reduces by itself$/);
});

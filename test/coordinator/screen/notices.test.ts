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

test('moved work is counted', () => {
  const line = describeNotice({ kind: 'reassigned', rank: 3, microBatches: 1 });
  assert.equal(line?.text, '1 micro-batch of rank 3 given to other workers');
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

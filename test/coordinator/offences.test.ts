import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOffences } from '../../coordinator/offences.ts';

test('every one is counted by kind; a person is told of the first, then of many at once', () => {
  let nowMs = 0;
  const said: string[] = [];
  const counts = new Map<string, number>();
  const offences = createOffences({
    nowMs: () => nowMs,
    count: (kind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1),
    say: (line) => void said.push(line),
  });
  const { onStranger } = offences.watching({ onFrames: () => {}, onPeerLost: () => {} });
  for (let count = 0; count < 1000; count++) onStranger?.('unknownKey', '10.0.0.9');
  offences.offence('worker:1', 'schema', 'sent a message that this release does not know');
  nowMs = 31_000;
  offences.stranger('unknownKey', '');
  assert.deepEqual(
    [...counts],
    [
      ['unknownKey', 1001],
      ['schema', 1],
    ],
  );
  assert.deepEqual(said, [
    'a stranger from 10.0.0.9 kept out: its key is not one of those allowed (unknownKey)',
    'worker:1 dropped (schema): sent a message that this release does not know',
    'a stranger kept out: its key is not one of those allowed (unknownKey); and 999 others like it',
  ]);
});

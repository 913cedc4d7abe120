import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSizes, tableOf } from '../../../deploy/bench/peers.ts';
import { peersOf } from '../../../deploy/bench/peers/contestants.ts';

const sizes = { processes: 2, batchSize: 1000, steps: 6 };

test('ratios are ours to theirs within a round, and the best single process is chosen in each', () => {
  const contestants = peersOf(sizes);
  const [ddp, torch, keras] = contestants.map(({ name }) => name) as [string, string, string];
  const series = { lockstep: [800, 400], [ddp]: [400, 200], [torch]: [500, 800], [keras]: [1000, 200] };
  const agreement = { parameterCount: 7, loss: 1, gradientNorm: 1 };
  const { figures } = tableOf(sizes, agreement, { versions: ['a', 'b'], difference: 0 }, contestants, series);
  const of = (name: string) => figures.find((figure) => figure.name === name);
  assert.deepEqual(of(`lockstep to ${ddp}`)?.values, [2, 2]);
  assert.deepEqual(of(`lockstep to ${ddp}`)?.bar, { kind: 'atLeast', value: 1.5 });
  assert.deepEqual(of('lockstep to the best single process')?.values, [0.8, 0.5]);
  assert.deepEqual(of('lockstep to the best single process')?.bar, { kind: 'atLeast', value: 1 });
  assert.deepEqual(of(keras)?.values, [1000, 200]);
});

test('sizes that cannot be shared evenly are refused by their flag', () => {
  const refused = (changes: Partial<typeof sizes>, words: RegExp): void =>
    assert.throws(() => checkSizes({ ...sizes, ...changes }), words);
  refused({ batchSize: 1001 }, /--batch-size got 1001, expected a multiple of --processes 2/);
  refused({ batchSize: 10_000 }, /--batch-size got 10000/);
  refused({ processes: 0 }, /--processes got 0/);
  refused({ steps: 1.5 }, /--steps got 1\.5/);
  assert.deepEqual(checkSizes(sizes), sizes);
});

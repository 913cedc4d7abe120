import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGraceCheck } from '../../../coordinator/run/grace-check.ts';

const of = (seconds: number | null) => {
  const said: string[] = [];
  const grace = seconds === null ? null : { seconds, source: 'as configured' };
  return { said, check: createGraceCheck(grace, (message) => said.push(message)) };
};

test('a grace too short for two checkpoints is said as soon as the model is known', () => {
  const { said, check } = of(10);
  check.expect(40e6); // 480 MB: 4.8 s
  assert.deepEqual(said, []);
  check.expect(48e6); // 576 MB: 5.8 s
  assert.match(
    said[0]!,
    /^a termination grace of 10 s \(as configured\) is too short: a checkpoint of 576 MB/,
  );
  assert.match(said[0]!, /may take 5\.76 s \(at 100 MB\/s, none is measured yet\).* allow 17 s/);
});

test('a checkpoint that took longer than was thought is said once', () => {
  const { said, check } = of(10);
  check.expect(1000);
  for (const seconds of [4, 5, 6, 7]) check.written({ bytes: 12_000, seconds });
  assert.equal(said.length, 1);
  assert.match(said[0]!, /took 6\.00 s/);
});

test('where the grace is not known nothing is said', () => {
  const { said, check } = of(null);
  check.expect(1e9);
  check.written({ bytes: 12e9, seconds: 1000 });
  assert.deepEqual(said, []);
});

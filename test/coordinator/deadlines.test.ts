import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeadlines, defaultDeadlines } from '../../coordinator/deadlines.ts';

test('the first of a kind has the long time, later ones five medians of their own past, never below the floor', () => {
  const deadlines = createDeadlines(defaultDeadlines);
  assert.equal(deadlines.of('gradient'), 600_000);
  for (const tookMs of [1000, 90_000, 10_000, 11_000, 12_000]) deadlines.learn('gradient', tookMs);
  assert.equal(deadlines.of('gradient'), 55_000);
  assert.equal(deadlines.of('evaluate'), 600_000);
  deadlines.learn('evaluate', 10);
  assert.equal(deadlines.of('evaluate'), 30_000);
});

test('principal components are solved once, so theirs is always the long time', () => {
  const deadlines = createDeadlines(defaultDeadlines);
  deadlines.learn('basis', 10);
  assert.equal(deadlines.of('basis'), 600_000);
});

test('what is long past is forgotten', () => {
  const deadlines = createDeadlines(defaultDeadlines);
  for (let count = 0; count < 50; count++) deadlines.learn('gradient', 60_000);
  for (let count = 0; count < 32; count++) deadlines.learn('gradient', 20_000);
  assert.equal(deadlines.of('gradient'), 100_000);
});

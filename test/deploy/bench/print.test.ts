import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatResult, type BenchResult } from '../../../deploy/bench/print.ts';
import { machineFacts } from '../../../deploy/bench/machine.ts';
import { atLeast, figure } from '../../../deploy/bench/rounds.ts';

const result: BenchResult = {
  machine: machineFacts(),
  rounds: 3,
  name: 'made-up',
  settings: { workers: 2 },
  figures: [figure('work', 'ms', [12, 10, 11]), figure('share', 'share', [0.9, 0.8, 0.85], atLeast(0.88))],
  breakdowns: [{ title: 'By part', columns: ['part', 'ms'], rows: [['first', 7.5]] }],
  notes: ['A note.'],
};

test('the table shows machine, versions, spread, bar and verdict, and lines up', () => {
  const text = formatResult(result);
  const { processor, lockstep, node } = result.machine;
  for (const part of [processor, `lockstep ${lockstep}`, `Node ${node}`, 'workers 2', 'A note.', 'By part'])
    assert.ok(text.includes(part), part);
  assert.match(text, /work +10\.0 +11\.0 +12\.0 +ms\n/);
  assert.match(text, /share +80\.0 % +85\.0 % +90\.0 % +>= 88\.0 % missed\n/);
  const table = text.split('\n').filter((line) => /^( +min|work |share )/.test(line));
  const ends = ['median', '11.0', '85.0 %'].map((cell, row) => table[row]!.indexOf(cell) + cell.length);
  assert.equal(new Set(ends).size, 1, text);
});

test('JSON carries everything that the table is made of', () => {
  const read = JSON.parse(JSON.stringify(result)) as BenchResult;
  assert.deepEqual(read, result);
  assert.equal(formatResult(read), formatResult(result));
});

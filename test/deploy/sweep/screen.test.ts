import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSweepScreen } from '../../../deploy/sweep/screen.ts';
import { newRecord } from '../../../deploy/sweep/sweep-file.ts';
import { madeUpPlan } from '../../support/made-up-sweep.ts';

const trials = [100, 200].map((batchSize) => newRecord(madeUpPlan({ batchSize })));

function screenOf(isTerminal: boolean, quiet = false) {
  let written = '';
  const screen = createSweepScreen({
    write: (text) => (written += text),
    isTerminal,
    quiet,
    columns: () => 30,
    rows: () => 24,
  });
  return { screen, written: () => written };
}

test('on a terminal the table is redrawn in its own place, no wider than it, and lines stay above', () => {
  const { screen, written } = screenOf(true);
  screen.show(trials, [], 'http://127.0.0.1:5771/');
  screen.say('kept');
  screen.show(trials, [], null);
  screen.changed(trials, trials[0]!.trial);
  const [, afterFirst = ''] = written().split('\u001b[4A\u001b[J');
  assert.ok(afterFirst.startsWith('kept\n'));
  const bare = written().replaceAll('\u001b[4A\u001b[J', '');
  for (const line of bare.split('\n')) assert.ok(line.length < 30, line);
});

test('a terminal that does not know its size gets whole lines', () => {
  let written = '';
  const write = (text: string): unknown => (written += text);
  const size = { columns: () => 0, rows: () => 0 };
  createSweepScreen({ write, isTerminal: true, quiet: false, ...size }).show(trials, [], null);
  assert.match(written, /samples\/s +time\n/);
  assert.equal(written.split('\n').length, 1 + trials.length + 1);
});

test('elsewhere there is a line a trial and nothing to redraw', () => {
  const { screen, written } = screenOf(false);
  screen.show(trials, [], null);
  assert.equal(written(), '');
  screen.changed(trials, trials[1]!.trial);
  assert.equal(written(), 'trial 2/2 batch-200-seed-1: waiting\n');
});

test('quiet is quiet', () => {
  const { screen, written } = screenOf(true, true);
  screen.show(trials, [], null);
  screen.changed(trials, trials[1]!.trial);
  assert.equal(written(), '');
});

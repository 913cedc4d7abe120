import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRecord, type TrialRecord } from '../../../deploy/sweep/sweep-file.ts';
import { shareDone, tableLines, trialLine } from '../../../deploy/sweep/table.ts';
import { madeUpPlan } from '../../support/made-up-sweep.ts';

const trials: TrialRecord[] = Array.from({ length: 30 }, (_, index) => ({
  ...newRecord(madeUpPlan({ batchSize: 100, seed: index + 1 })),
  ...(index < 4 && { state: 'finished' as const, epochs: 36, steps: 2592, heldOutLoss: 86.12, seconds: 72 }),
}));
const progress = { steps: 1300, epoch: 18.05, heldOutLoss: 99.5 };
const live = { trial: 'batch-100-seed-5', progress, seconds: 40, share: 0.5 };

test('a table has a line a trial, in columns', () => {
  const lines = tableLines(trials, [live]);
  assert.equal(lines.length, 31);
  assert.match(lines[1]!, /^batch-100-seed-1 +done +36 +2,592 +86\.1 +1:12$/);
  assert.match(lines[5]!, /^batch-100-seed-5 +======------ +50 % +18\.05 +1,300 +99\.5 +0:40$/);
  assert.equal(lines[1]!.indexOf('36'), lines[2]!.indexOf('36'));
});

test('a low terminal shows the head, the trial that runs with its neighbours, and how many more there are', () => {
  const lines = tableLines(trials, [live], { rows: 10 });
  assert.equal(lines.length, 10);
  assert.ok(lines[0]!.startsWith('trial'));
  assert.ok(lines.some((line) => line.startsWith('batch-100-seed-5 ')));
  assert.equal(lines.at(-1), '... and 22 more trials');
});

test('a narrow terminal has a shorter bar, then narrower gaps, and loses no number', () => {
  const named = trials.map((trial, index) => ({
    ...trial,
    trial: `batch-1000-control-500-seed-${index + 1}`,
    samplesPerSecond: index < 4 ? 12_345 : null,
  }));
  const running = { ...live, trial: named[4]!.trial };
  for (const columns of [90, 84, 79]) {
    const lines = tableLines(named, [running], { columns });
    for (const line of lines) assert.ok(line.length <= columns, line);
    assert.match(lines[1]!, /done .*86\.1 +12,3\d\d +1:12$/);
    assert.match(lines[5]!, /50 % .*99\.5 .*0:40$/);
    assert.match(lines[0]!, /time$/);
  }
});

test('a line of a trial says what it came to, and what went wrong', () => {
  assert.equal(
    trialLine(trials, 'batch-100-seed-1'),
    'trial 1/30 batch-100-seed-1: done, epoch 36, 2,592 updates, held out 86.1, 1:12',
  );
  const failed = [{ ...trials[0]!, state: 'failed' as const, problem: 'the loss is not finite' }];
  assert.match(trialLine(failed, 'batch-100-seed-1'), /FAILED, .*the loss is not finite$/);
});

test('how much is done follows the budget', () => {
  const { config } = madeUpPlan({ batchSize: 100 });
  assert.equal(shareDone(null, config, { ...progress, epoch: 18 }, 0), 0.5);
  assert.equal(shareDone(null, { ...config, epochs: null, steps: 2600 }, progress, 0), 0.5);
  assert.equal(shareDone({ kind: 'seconds', count: 80 }, config, progress, 40), 0.5);
  assert.equal(shareDone({ kind: 'converged' }, config, progress, 40), null);
});

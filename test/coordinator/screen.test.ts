import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScreen, type Screen, type ScreenOptions } from '../../coordinator/screen.ts';
import { madeUpEvaluation, madeUpStep, stepsPerEpoch } from '../support/made-up-run.ts';

const extent = { stepCount: 3 * stepsPerEpoch, epochs: 3 };

function run(
  options: Partial<ScreenOptions>,
  story: (screen: Screen, pass: (ms: number) => void) => void,
): string {
  let output = '';
  let now = 0;
  const screen = createScreen({
    write: (text) => (output += text),
    isTerminal: false,
    colour: false,
    quiet: false,
    nowMs: () => now,
    columns: () => 120,
    ...options,
  });
  try {
    story(screen, (ms) => (now += ms));
  } finally {
    screen.close();
  }
  return output;
}

function wholeRun(screen: Screen, pass: (ms: number) => void): void {
  screen.notice({ kind: 'joined', rank: 0, peer: 'p', reason: 'box1' });
  screen.busy('computing principal components');
  for (let step = 0; step < extent.stepCount; step += 1) {
    pass(30);
    screen.stepDone(madeUpStep(step), extent);
    if ((step + 1) % stepsPerEpoch !== 0) continue;
    screen.evaluated(madeUpEvaluation((step + 1) / stepsPerEpoch), extent);
    screen.busy('painting samples');
    screen.checkpointed(step + 1, 'checkpoints/x');
  }
}

test('off a terminal there is a line an epoch, and no control character', () => {
  const lines = run({}, wholeRun).split('\n');
  assert.equal(lines.length, 1 + 3 + 1);
  assert.match(lines[2] ?? '', /^epoch 2\/3 - loss .* - held-out .* - exchange 14 % - eta 0:01 - best$/);
  assert.ok(lines.every((line) => Array.from(line).every((letter) => letter >= ' ')));
});

test('on a terminal the same lines stay, and a live line moves between', () => {
  const output = run({ isTerminal: true }, wholeRun);
  assert.match(output, /computing principal components/);
  assert.match(output, /rank 0 joined: box1\n/);
  assert.match(output, /epoch 3\/3 - loss .* - best\n/);
  assert.ok(output.length < 20_000, 'drawn a few times a second, not every step');
});

test('quiet leaves what somebody must know', () => {
  const output = run({ quiet: true, isTerminal: true }, (screen, pass) => {
    wholeRun(screen, pass);
    screen.notice({ kind: 'lost', rank: 1, peer: 'q', reason: 'silent' });
    screen.problem('the disk is full');
  });
  assert.equal(output, 'rank 1 lost: silent\nthe disk is full\n');
});

test('colours appear only when asked for', () => {
  const story = (screen: Screen): void => screen.problem('no');
  assert.equal(run({}, story), 'no\n');
  assert.equal(run({ colour: true }, story), '\x1b[31mno\x1b[39m\n');
});

test('a checkpoint between evaluations is said, one beside an evaluation is not', () => {
  const output = run({}, (screen) => {
    screen.evaluated(madeUpEvaluation(1), extent);
    screen.checkpointed(20, 'a');
    screen.checkpointed(27, 'b');
  });
  assert.match(output, /checkpoint of step 27: b\n$/);
  assert.doesNotMatch(output, /step 20/);
});

test('a skipped step is said', () => {
  const output = run({}, (screen) => screen.stepDone({ ...madeUpStep(4), committed: false }, extent));
  assert.match(output, /^step 4 skipped: its gradient was not finite/);
});

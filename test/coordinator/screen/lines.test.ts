import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  evaluationLine,
  finishedLines,
  liveLine,
  type FinishedSummary,
} from '../../../coordinator/screen/lines.ts';
import { madeUpEvaluation, madeUpStep, stepsPerEpoch } from '../../support/made-up-run.ts';

const extent = { stepCount: 20 * stepsPerEpoch, epochs: 20 };
const rates = { samplesPerSecond: 8400, exchangeShare: 0.09, etaSeconds: 42 };

test('the live line says where, how good, how fast, how much exchange and how long', () => {
  const terms = { loss: -12.3, nll: -25.1, kl: 12.8, squaredError: 3 };
  const line = liveLine({ ...madeUpStep(45), terms }, extent, rates);
  assert.equal(
    line,
    'epoch  3/20 - loss -12.3 (nll -25.1, kl 12.8) - 8,400 samples/s - exchange 9 % - eta 0:42',
  );
});

test('the step that ends an epoch belongs to it, and the next one to the next', () => {
  assert.match(liveLine(madeUpStep(stepsPerEpoch - 1), extent, rates), /^epoch {2}1\/20 /);
  assert.match(liveLine(madeUpStep(stepsPerEpoch), extent, rates), /^epoch {2}2\/20 /);
});

test('what is not known yet is left out', () => {
  const unknown = { samplesPerSecond: NaN, exchangeShare: NaN, etaSeconds: NaN };
  assert.doesNotMatch(liveLine(madeUpStep(0), extent, unknown), /samples|exchange|eta|NaN/);
});

test('a run told in steps counts steps', () => {
  const line = liveLine(madeUpStep(1233), { stepCount: 5000, epochs: null }, rates);
  assert.match(line, /^step 1,234\/5,000 - loss /);
});

test('an evaluation line shows training mean, held-out loss and whether it is the best', () => {
  const line = evaluationLine(madeUpEvaluation(3), extent, rates);
  assert.match(
    line,
    /^epoch {2}3\/20 - loss 1\.6 \(nll -11\.2, kl 12\.8\) - held-out 0\.103 - 8,400 samples\/s/,
  );
  assert.match(line, / - best$/);
  assert.doesNotMatch(evaluationLine({ ...madeUpEvaluation(3), improved: false }, extent, rates), /best/);
});

test('an epoch that overshoots its end by less than a step is whole, a part of one is not', () => {
  const record = madeUpEvaluation(3);
  assert.match(evaluationLine({ ...record, epoch: 3.04 }, extent, rates), /^epoch {2}3\/20/);
  assert.match(evaluationLine({ ...record, epoch: 2.4, step: 48 }, extent, rates), /^epoch 2\.4\/20/);
});

test('a test set has its own figure', () => {
  const record = { ...madeUpEvaluation(3), heldOut: null, test: { loss: -97 } };
  const line = evaluationLine(record, extent, rates);
  assert.match(line, /test -97\.0/);
  assert.doesNotMatch(line, /held-out/);
});

const summary: FinishedSummary = {
  result: { steps: 400, epochs: 20, stopped: 'finished', samplesPerSecond: 8400 },
  runDir: 'runs/first',
  bestHeldOutLoss: -11.9,
  seconds: 75,
  preset: 'digits',
  generative: true,
  hasReport: true,
  hasSchedule: false,
};

test('the end says what there is, where, and commands to go on with', () => {
  const text = finishedLines(summary).join('\n');
  const expected = [
    'finished after 400 steps (20 epochs) in 1:15; best held-out loss -11.9 nats',
    'open runs/first/report.html',
    'npx lockstep sample runs/first',
    'npx lockstep train --resume runs/first --epochs 40',
    'npx lockstep train --preset svhn --data train_32x32.mat',
  ];
  for (const part of expected) assert.ok(text.includes(part), part);
});

test('commands can be pasted: odd paths are quoted, and without a report one is made', () => {
  const text = finishedLines({ ...summary, runDir: "my runs/it's", hasReport: false, preset: 'svhn' }).join(
    '\n',
  );
  assert.ok(text.includes("npx lockstep report 'my runs/it'\\''s'"));
  assert.ok(!text.includes('--preset svhn'));
});

test('a model that draws nothing is not asked to, nor given photographs', () => {
  const text = finishedLines({ ...summary, preset: 'digits', generative: false }).join('\n');
  assert.doesNotMatch(text, /sample|photographs/);
  assert.match(text, /npx lockstep evaluate runs\/first$/m);
});

test('a run that its workers left is resumed as it was', () => {
  const result = { ...summary.result, stopped: 'deserted' } as const;
  const text = finishedLines({ ...summary, result }).join('\n');
  assert.match(text, /^ended for want of workers after 400 steps/);
  assert.match(text, /--resume runs\/first$/m);
});

test('a run that was stopped is resumed as it was', () => {
  const result = { ...summary.result, stopped: 'asked' } as const;
  const text = finishedLines({ ...summary, result }).join('\n');
  assert.match(text, /^stopped as asked after/);
  assert.match(text, /--resume runs\/first$/m);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bestEvaluation,
  commandOf,
  headline,
  lossTable,
  samplesPerSecond,
  unusualSettings,
} from '../../../deploy/report/figures.ts';
import type { Run } from '../../../deploy/report/read-run.ts';
import { configSchema, type Config } from '../../../shared/runtime/config.ts';
import { presets } from '../../../shared/runtime/presets.ts';
import { madeUpEvaluation, madeUpSharpness, madeUpStep } from '../../support/made-up-run.ts';

const configOf = (settings: Partial<Config>): Config => configSchema.parse(settings);
const run: Run = {
  dir: '/runs/first',
  name: 'first',
  config: configOf(presets.digits.settings),
  steps: Array.from({ length: 60 }, (_, step) => madeUpStep(step)),
  evaluations: [1, 2, 3].map(madeUpEvaluation),
  checkpoint: null,
  componentVariance: null,
  pictures: [],
  sharpness: null,
};

test('the best evaluation is that of least held-out loss, whatever is not finite', () => {
  const [first, second, third] = run.evaluations;
  const broken = { ...third!, heldOut: { loss: NaN } };
  assert.equal(bestEvaluation({ evaluations: [first!, second!, broken] }), second);
  assert.equal(bestEvaluation({ evaluations: [broken] }), null);
  assert.equal(bestEvaluation({ evaluations: [] }), null);
});

test('without held-out rows the training loss decides', () => {
  const evaluations = run.evaluations.map((record) => ({ ...record, heldOut: null }));
  assert.equal(bestEvaluation({ evaluations })?.step, 60);
});

test('the first step does not count in the speed', () => {
  const slowFirst = [{ ...run.steps[0]!, seconds: 100 }, ...run.steps.slice(1)];
  assert.ok(Math.abs(samplesPerSecond({ steps: slowFirst })! - 250 / 0.03) < 1e-6);
  assert.equal(samplesPerSecond({ steps: slowFirst.slice(0, 1) }), null);
});

test('the headline holds loss, epochs, speed and how the batch is cut', () => {
  const text = headline(run).map(({ label, value, note }) => `${label}: ${value} (${note})`);
  assert.match(text[0] ?? '', /^best held-out loss: 0\.1 \(nats per sample, at epoch 3\)$/);
  assert.ok(text.includes('epochs: 3 (60 steps)'));
  assert.ok(text.includes('samples per second: 8,333 (2 workers, training steps alone)'));
  assert.ok(text.includes('batch size: 200 (2 micro-batches of 100)'));
});

test('sharpness stands in the headline where it was measured', () => {
  const text = headline({ ...run, sharpness: madeUpSharpness({ rise: 0.42, eigenvalue: 1234 }) });
  const { value, note } = text.find(({ label }) => label === 'largest Hessian eigenvalue')!;
  assert.deepEqual([value, note], ['1,234', 'SAM’s rise 0.42 nats, at step 800']);
});

test('a run without a step has a headline too', () => {
  const labels = headline({ ...run, steps: [], evaluations: [] }).map(({ label }) => label);
  assert.deepEqual(labels, ['time of training', 'batch size']);
});

test('the table has a row a split that there is, and a column a term', () => {
  const { terms, rows } = lossTable(madeUpEvaluation(3));
  assert.deepEqual(terms, ['loss', 'nll', 'kl']);
  assert.deepEqual(rows.map(({ name }) => name).at(-1), 'held out');
  assert.deepEqual(rows.at(-1)?.values, ['0.1', '-12.7', '12.8']);
});

test('settings are unusual where they differ from the defaults', () => {
  assert.deepEqual(unusualSettings(configOf({})), []);
  const settings = unusualSettings(configOf({ seed: 7, components: null, data: ['a.mat', 'b.mat'] }));
  const expected = [
    { flag: '--data', value: 'a.mat, b.mat' },
    { flag: '--components', value: 'none' },
    { flag: '--seed', value: '7' },
  ];
  assert.deepEqual(settings, expected);
});

test('the command names the nearest preset and the rest, ready for a shell', () => {
  assert.equal(commandOf(configOf(presets.digits.settings)), 'npx lockstep train --preset digits');
  const svhn = configOf({ ...presets['svhn-2017'].settings, data: ["it's here.mat"], whiten: true });
  assert.equal(
    commandOf(svhn),
    "npx lockstep train --preset svhn-2017 --data 'it'\\''s here.mat' --whiten true",
  );
});

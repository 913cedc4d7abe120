import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run } from '../../../deploy/report/read-run.ts';
import { drawRunPlots } from '../../../deploy/report/run-plots.ts';
import { configSchema } from '../../../shared/runtime/config.ts';
import { madeUpEvaluation, madeUpStep } from '../../support/made-up-run.ts';

const run: Run = {
  dir: '/runs/first',
  name: 'first',
  config: configSchema.parse({}),
  steps: Array.from({ length: 120 }, (_, step) => madeUpStep(step)),
  evaluations: [1, 2, 3, 4, 5, 6].map(madeUpEvaluation),
  checkpoint: null,
  componentVariance: { eigenvalues: [4, 2, 1], learned: [0.5, 0.4, 0.3] },
  pictures: [],
  sharpness: null,
};

test('there is a plot for everything that was recorded, and halves stand in pairs', async () => {
  const figures = await drawRunPlots(run);
  const ids = figures.map(({ id }) => id);
  const expected = ['loss', 'nll', 'kl', 'throughput', 'phases', 'noise-scale', 'component-variance'];
  assert.deepEqual(ids, expected);
  assert.equal(figures.filter(({ isWide }) => !isWide).length % 2, 0);
  for (const { svg } of figures) assert.match(svg, /<path [^>]*d="M[^"]*L/);
});

test('a rate that changes is drawn, one that never does is not', async () => {
  const steps = run.steps.map((record) => ({ ...record, learningRate: 1e-3 * (1 - record.step / 200) }));
  const ids = (await drawRunPlots({ ...run, steps })).map(({ id }) => id);
  assert.ok(ids.includes('learning-rate') && !ids.includes('kl-weight'));
});

test('a run that has just begun, or of one broken step, is drawn as far as it goes', async () => {
  const fresh = { ...run, steps: [], evaluations: [], componentVariance: null };
  assert.deepEqual(await drawRunPlots(fresh), []);
  const broken = { ...madeUpStep(0), terms: { loss: NaN } };
  assert.deepEqual(await drawRunPlots({ ...fresh, steps: [broken] }), []);
});

test('a wild start is cut off, and the caption says so', async () => {
  const steps = run.steps.map((record) =>
    record.step === 0 ? { ...record, terms: { loss: 144_299 } } : record,
  );
  const [loss] = await drawRunPlots({ ...run, steps });
  assert.match(loss?.caption ?? '', /Values above .* are cut off/);
});

test('a hundred thousand steps make no larger a picture than five hundred', async () => {
  const few = await drawRunPlots({
    ...run,
    steps: Array.from({ length: 500 }, (_, step) => madeUpStep(step)),
  });
  const many = await drawRunPlots({
    ...run,
    steps: Array.from({ length: 100_000 }, (_, step) => madeUpStep(step)),
  });
  assert.ok((many[0]?.svg.length ?? 0) < 1.2 * (few[0]?.svg.length ?? 0));
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cutHistory, openHistory, readEpochs, readHistory } from '../../../coordinator/run/history.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('records come back as they were, NaN and infinities among them', () => {
  const folder = temporaryFolder();
  const history = openHistory(folder);
  const steps = [
    stepOf(0),
    { ...stepOf(1), terms: { loss: NaN, kl: -Infinity }, noise: null, committed: false },
  ];
  const evaluations = [
    evaluationOf(1),
    { ...evaluationOf(2), heldOut: null, noiseScale: null, training: { loss: NaN } },
  ];
  steps.forEach((record) => history.step(record));
  evaluations.forEach((record) => history.evaluation(record));
  assert.deepEqual(readHistory(folder), []);
  history.flush();
  assert.deepStrictEqual(readHistory(folder), steps);
  assert.deepStrictEqual(readEpochs(folder), evaluations);
});

test('cut back to a checkpoint, both files hold what led to it', () => {
  const folder = temporaryFolder();
  const history = openHistory(folder, 500);
  for (let step = 0; step < 20; step += 1) {
    history.step(stepOf(step));
    if (step % 5 === 4) history.evaluation(evaluationOf(step + 1));
    history.flush();
  }
  cutHistory(folder, 10);
  assert.deepEqual(
    readHistory(folder).map(({ step }) => step),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual(
    readEpochs(folder).map(({ step }) => step),
    [5, 10],
  );
  cutHistory(folder, 0);
  assert.deepEqual([readHistory(folder), readEpochs(folder)], [[], []]);
});

test('a record that is none is named', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'history.jsonl'), '{"step":0}\n');
  assert.throws(() => readHistory(folder), {
    exitCode: 65,
    message: /record 1 of history\.jsonl is damaged: [^\n]*$/,
  });
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRun } from '../../../deploy/report/read-run.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { makeUpFolder } from '../../support/made-up-folder.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a run is read whole, and what it has not written is missing, not an error', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 2, pictures: false, componentVariance: false });
  const run = readRun(folder);
  assert.deepEqual([run.steps.length, run.evaluations.length], [40, 2]);
  assert.deepEqual([run.checkpoint, run.componentVariance, run.pictures], [null, null, []]);
  assert.equal(run.config.learningRate, 0.003);
});

test('a picture is known by kind and step', () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 2 });
  const { pictures } = readRun(folder);
  const stepsOf = (kind: string) => pictures.filter(({ name }) => name === kind).map(({ step }) => step);
  assert.deepEqual(stepsOf('samples'), [20, 40, null]);
  assert.deepEqual(stepsOf('pca-100-unclipped'), [null]);
});

test('a folder without a run, or with a damaged file, is refused by name', () => {
  const folder = temporaryFolder();
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof LockstepError && error.exitCode === 65 && pattern.test(error.message);
  assert.throws(() => readRun(folder), refused(/config\.yaml/));
  makeUpFolder(folder, { epochs: 1 });
  writeFileSync(join(folder, 'component-variance.json'), '{"eigenvalues": [1], "learned": [1, 2]}');
  assert.throws(() => readRun(folder), refused(/component-variance\.json is damaged/));
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Picture } from '../../../coordinator/journal.ts';
import { loadNewest } from '../../../coordinator/run/checkpoint-folder.ts';
import { frozenParameters } from '../../../coordinator/run/checkpoint.ts';
import { readEpochs, readHistory } from '../../../coordinator/run/history.ts';
import { createRunJournal, type RunJournalOptions } from '../../../coordinator/run/journal.ts';
import { createRunFolder, reopenRunFolder } from '../../../coordinator/run/run-folder.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import { configSchema } from '../../../shared/runtime/config.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { assertSameBits, smallModel, snapshotAt } from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const owner = { host: 'box', pid: 1, startedAt: '2026-01-01T00:00:00Z' };
const image = { height: 2, width: 2, channels: 1 };

function open(changes: Partial<RunJournalOptions> = {}) {
  const parent = temporaryFolder();
  const folder = createRunFolder(join(parent, 'run'), owner);
  const problems: string[] = [];
  const options: RunJournalOptions = {
    folder,
    config: configSchema.parse({ components: 2, checkpointEvery: '3steps' }),
    dataHash: 'data',
    pictures: { image, readRows: (_split, _rows, out) => void out.fill(7), labels: () => null },
    createKernels,
    cacheFolder: join(parent, 'cache'),
    solver: '1',
    firstStep: 0,
    bestStep: null,
    resumedModel: null,
    initial: null,
    nowMs: () => 0,
    wallSeconds: () => 1,
    stopRequested: () => false,
    onProblem: (message) => problems.push(message),
    ...changes,
  };
  const journal = createRunJournal(options);
  journal.modelKnown(smallModel, 'fake');
  return { folder, journal, problems, options };
}

const picture: Picture = {
  name: 'reconstructions',
  kind: 'reconstructions',
  step: 3,
  split: 'heldOut',
  rows: [5],
  columns: 1,
  pixels: new Float32Array(4),
};

test('a run is all there when its journal is closed, and can be gone on with', async () => {
  const { folder, journal, problems, options } = open();
  for (const step of [0, 1, 2]) journal.stepDone(stepOf(step));
  journal.evaluated(evaluationOf(3));
  journal.picture(picture);
  assert.deepEqual(
    [1, 2, 3].filter((step) => journal.checkpointDue(step, true)),
    [3],
  );
  journal.checkpoint(snapshotAt(3), true);
  await journal.close();
  assert.deepEqual(problems, []);
  assert.equal(readHistory(folder.path).length, 3);
  assert.deepEqual(readEpochs(folder.path), [evaluationOf(3)]);
  assert.deepEqual(readdirSync(folder.pictures).sort(), ['originals.png', 'reconstructions.png']);
  const { checkpoint, bestStep } = loadNewest(folder.checkpoints);
  assertSameBits(checkpoint.snapshot, snapshotAt(3));
  assertSameBits(checkpoint.frozen, frozenParameters(smallModel, options.config.seed, createKernels));
  const { runId, dataHash, backend, incarnation } = checkpoint.info;
  assert.deepEqual([runId, dataHash, backend, incarnation], [folder.runId, 'data', 'fake', 1]);
  assert.deepEqual(checkpoint.info.image, image);
  assert.equal(bestStep, 3);
});

test('a checkpoint that fails is loud and counted; only the last one ends the run badly', async () => {
  const { folder, journal, problems } = open();
  rmSync(folder.checkpoints, { recursive: true });
  writeFileSync(folder.checkpoints, '');
  journal.checkpoint(snapshotAt(3), false);
  await journal.flush();
  assert.match(problems[0]!, /^CHECKPOINT of step 3 could not be written: ENOTDIR/);
  assert.equal(journal.writeErrors, 1);
  journal.stepDone(stepOf(3)); // goes on
  await assert.rejects(journal.close(), {
    exitCode: 1,
    message: /last checkpoint, of step 3, was not written .*--resume/,
  });

  rmSync(folder.checkpoints);
  mkdirSync(folder.checkpoints);
  journal.checkpoint(snapshotAt(6), false);
  await journal.close();
});

test('a picture that fails is said, and nothing else suffers', async () => {
  const { folder, journal, problems } = open();
  rmSync(folder.pictures, { recursive: true });
  journal.picture(picture);
  journal.checkpoint(snapshotAt(1), false);
  await journal.close();
  assert.match(problems[0]!, /^picture reconstructions could not be written: ENOENT/);
});

test('a coordinator whose folder was taken over stops at its next word, and changes no file', async () => {
  const { folder, journal } = open();
  journal.stepDone(stepOf(0));
  reopenRunFolder(folder.path, owner);
  assert.throws(() => journal.evaluated(evaluationOf(1)), { exitCode: 78 });
  assert.throws(() => journal.checkpoint(snapshotAt(1), true), { exitCode: 78 });
  journal.picture(picture);
  await assert.rejects(journal.close(), { exitCode: 78, message: /a second coordinator took over/ });
  assert.deepEqual(
    [folder.checkpoints, folder.pictures, folder.tensorboard].flatMap((path) => readdirSync(path)),
    [],
  );
  assert.equal(existsSync(join(folder.path, 'history.jsonl')), false);
});

test('principal components are made once for the same data, settings and solver', async () => {
  const first = open();
  assert.equal(first.journal.cachedBasis(), null);
  const basis = {
    featureCount: 4,
    componentCount: 2,
    mean: Float32Array.of(1, 2, 3, 4),
    vectors: new Float32Array(8).fill(0.5),
    eigenvalues: Float32Array.of(2, 1),
    totalVariance: 4,
    whiten: false,
  };
  first.journal.basisKnown(basis);
  await first.journal.close();
  const { cacheFolder } = first.options;
  assertSameBits(open({ cacheFolder }).journal.cachedBasis(), basis);
  assert.equal(open({ cacheFolder, dataHash: 'other' }).journal.cachedBasis(), null);
  assert.equal(open({ cacheFolder, solver: '2' }).journal.cachedBasis(), null);
  assert.equal(open({ cacheFolder: null }).journal.cachedBasis(), null);
});

test('a checkpoint of another model is neither gone on with nor begun with', () => {
  const other = { ...smallModel, parameters: smallModel.parameters.slice(1) };
  assert.throws(() => open({ resumedModel: other }), { exitCode: 65, message: /of another model/ });
  const initial = { path: 'x', model: other };
  assert.throws(() => open({ initial }), {
    exitCode: 65,
    message: /^--init-from x: its parameter 1/,
  });
});

test('while a checkpoint is being written none is due; then its arrays take the next one’s copies', async () => {
  const { journal } = open({ config: configSchema.parse({ checkpointEvery: '1steps' }) });
  const snapshot = snapshotAt(1);
  assert.equal(journal.takeSpare(), null);
  assert.equal(journal.checkpointDue(1, false), true);
  journal.checkpoint(snapshot, false);
  assert.deepEqual([journal.checkpointDue(2, false), journal.takeSpare()], [false, null]);
  await journal.flush();
  assert.deepEqual([journal.checkpointDue(3, false), journal.takeSpare()], [true, snapshot]);
  assert.equal(journal.takeSpare(), null);
  await journal.close();
});

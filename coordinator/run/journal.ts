/**
 * The journal of a run that has a folder: history, checkpoints, pictures and TensorBoard's events.
 *
 * Training never waits for the disk. Checkpoints and pictures are written behind its back, lines are gathered for
 * a second; what cannot be written is said and counted, and the run goes on. Two things do end it: a second
 * coordinator that owns the folder, and, at the end, a last checkpoint that is not there.
 */
import { join } from 'node:path';
import { runError } from '../../shared/errors.ts';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import type { Kernels } from '../../shared/math/kernels.ts';
import { createLayout } from '../../shared/math/layout.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { TerminationGrace } from '../../shared/runtime/termination-grace.ts';
import type { Journal, Picture, Snapshot } from '../journal.ts';
import { readCachedBasis, writeCachedBasis, type BasisKey } from './basis-cache.ts';
import {
  createCheckpointQueue,
  type CheckpointQueue,
  type CheckpointQueueOptions,
  type WrittenCheckpoint,
} from './checkpoint-queue.ts';
import { createCheckpointSchedule } from './checkpoint-schedule.ts';
import { frozenParameters } from './checkpoint.ts';
import { createFaults, type Faults } from './faults.ts';
import { createGraceCheck, type GraceCheck } from './grace-check.ts';
import { checkInitialModel, checkResumedModel } from './model-check.ts';
import { originalsOf, writePicture, type PictureSource } from './pictures.ts';
import { openRecords } from './records.ts';
import type { RunFolder } from './run-folder.ts';

export interface RunJournalOptions {
  readonly folder: RunFolder;
  readonly config: Config;
  readonly dataHash: string;
  readonly pictures: PictureSource;
  readonly createKernels: (bytes: number) => Kernels;
  readonly cacheFolder: string | null; // of principal components
  readonly solver: string; // version of what solves for them
  readonly firstStep: number; // 0, or the checkpoint's
  readonly bestStep: number | null; // of the checkpoints that are there already
  readonly resumedModel: ModelDescription | null; // of the checkpoint that the run goes on from
  readonly initial: { readonly path: string; readonly model: ModelDescription } | null; // what it begins with
  readonly nowMs: () => number;
  readonly wallSeconds: () => number;
  readonly stopRequested: () => boolean;
  readonly grace?: TerminationGrace | null; // that a run has to end in
  readonly onProblem: (message: string) => void; // loud
  readonly onCheckpoint?: (checkpoint: WrittenCheckpoint) => void;
}

export interface RunJournal extends Journal {
  /** Settles when all that was asked for is written, or has failed; never rejects. */
  flush(): Promise<void>;
  /** @throws LockstepError 1 when the last checkpoint asked for was not written, 78 when the folder was lost */
  close(): Promise<void>;
  readonly writeErrors: number; // since the beginning
}

export function createRunJournal(options: RunJournalOptions): RunJournal {
  const { folder, config, nowMs, onProblem } = options;
  const faults = createFaults(onProblem);
  const records = openRecords({ ...options, faults });
  const schedule = createCheckpointSchedule(config.checkpointEvery, nowMs);
  const later = createBackground(faults);
  const draw = createPainter(options, later.add);
  let model = { backend: '', frozen: new Float32Array(0) as Float32Array };
  let spare: Snapshot | null = null; // its arrays take the next copy: new ones would cost more than the copying
  const grace = createGraceCheck(options.grace ?? null, onProblem);
  const queue = openQueue(options, faults, grace, {
    frozen: () => model.frozen,
    prepare: () => records.sync(),
    onDone: (snapshot) => (spare = snapshot),
  });
  const cache = createBasisStore(options, later.add);

  async function drain(): Promise<void> {
    await queue.idle();
    await later.idle();
  }

  return {
    ...cache,
    modelKnown(description, backend) {
      const { resumedModel, initial } = options;
      if (resumedModel !== null) checkResumedModel(resumedModel, description);
      if (initial !== null) checkInitialModel(initial.path, initial.model, description);
      grace.expect(createLayout(description.parameters).parameterCount);
      model = { backend, frozen: frozenParameters(description, config.seed, options.createKernels) };
    },
    stepDone: (record) => records.step(record),
    evaluated: (record) => records.evaluation(record),
    picture: draw,
    componentVariance({ step, eigenvalues, learned }) {
      const text = JSON.stringify({ step, eigenvalues: [...eigenvalues], learned: [...learned] });
      later.add('component-variance.json', async () => {
        folder.assertOwned();
        writeFileAtomicallySync(join(folder.path, 'component-variance.json'), `${text}\n`);
      });
    },
    checkpoint(snapshot, best) {
      records.flush(); // and forced to disk before the checkpoint: a shorter history would have a gap
      schedule.made();
      const { runId, incarnation } = folder;
      const { dataHash, pictures } = options;
      const { backend } = model;
      queue.add(snapshot, { runId, incarnation, config, dataHash, image: pictures.image, backend, best });
    },
    checkpointDue: (step, endsEpoch) => schedule.isDue(step, endsEpoch, queue.busy),
    takeSpare() {
      const taken = spare;
      spare = null;
      return taken;
    },
    stopRequested: () => options.stopRequested(),
    flush: drain,
    async close() {
      await drain();
      records.flush();
      await records.sync();
      if (queue.lastFailure !== null) throw missingCheckpoint(folder.path, queue.lastFailure);
    },
    get writeErrors() {
      return faults.count;
    },
  };
}

type QueueParts = Pick<CheckpointQueueOptions, 'frozen' | 'prepare' | 'onDone'>;

function openQueue(
  options: RunJournalOptions,
  faults: Faults,
  grace: GraceCheck,
  parts: QueueParts,
): CheckpointQueue {
  const { folder, config, bestStep, nowMs, onProblem, onCheckpoint } = options;
  return createCheckpointQueue({
    ...parts,
    folder: folder.checkpoints,
    keep: config.keepCheckpoints,
    bestStep,
    assertOwned: folder.assertOwned,
    nowMs,
    onWritten(checkpoint) {
      grace.written(checkpoint);
      onCheckpoint?.(checkpoint);
    },
    onFailed: (error, step) => faults.failed(`CHECKPOINT of step ${step}`, error),
    onSkipped: (step) =>
      onProblem(`the checkpoint of step ${step} is left out: the disk is slower than the training`),
  });
}

type Later = (what: string, write: () => Promise<void>) => void;

/** Does one thing after another, behind the training's back. */
function createBackground(faults: Faults): { readonly add: Later; idle(): Promise<void> } {
  let work: Promise<void> = Promise.resolve();
  return {
    add(what, write) {
      work = work.then(write).catch((error: unknown) => faults.failed(what, error));
    },
    idle: () => work,
  };
}

function createPainter({ folder, pictures }: RunJournalOptions, later: Later): (picture: Picture) => void {
  let hasOriginals = false;
  const add = (picture: Picture): void =>
    later(`picture ${picture.name}`, () =>
      writePicture(folder.pictures, picture, pictures, folder.assertOwned),
    );
  return (picture) => {
    add(picture);
    if (picture.kind !== 'reconstructions' || hasOriginals) return;
    hasOriginals = true; // they stay the same throughout the run
    add(originalsOf(picture, pictures));
  };
}

/** Hands out the basis of an earlier run, and keeps one that was made because there was none. */
function createBasisStore(
  options: RunJournalOptions,
  later: Later,
): Pick<Journal, 'cachedBasis' | 'basisKnown'> {
  const { cacheFolder, config, dataHash, pictures, solver, onProblem } = options;
  let isMissing = false;
  const key: BasisKey = {
    dataHash,
    pcaRows: config.pcaRows,
    splitSeed: config.splitSeed,
    heldOutFraction: config.heldOutFraction,
    trainFraction: config.trainFraction,
    componentCount: config.components ?? 0,
    whiten: config.whiten,
    solver,
  };
  return {
    cachedBasis() {
      if (cacheFolder === null) return null;
      const basis = readCachedBasis(cacheFolder, key, rowLength(pictures.image), onProblem);
      isMissing = basis === null;
      return basis;
    },
    basisKnown(basis) {
      if (!isMissing || cacheFolder === null) return;
      later('the cache of principal components', () => writeCachedBasis(cacheFolder, key, basis));
    },
  };
}

function missingCheckpoint(folder: string, failure: NonNullable<CheckpointQueue['lastFailure']>): Error {
  const reason = (failure.error as Error).message;
  return runError(
    `the last checkpoint, of step ${failure.step}, was not written (${reason}): make room in ${folder}, ` +
      `then go on by --resume ${folder}`,
  );
}

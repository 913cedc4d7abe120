/**
 * The journal of one incarnation on the simulated disk, which behaves as the run folder's does: lines are gathered,
 * checkpoints are written behind the training's back, each write is fenced, and a full disk ends no run before its
 * end. And it holds all that it is told against the reference.
 */
import { runError } from '../../shared/errors.ts';
import type { EvaluationRecord, Journal, Snapshot, StepRecord } from '../../coordinator/journal.ts';
import type { VirtualClock } from '../../shared/transport/virtual-time.ts';
import type { Disk } from './disk.ts';
import { sameBits, type Expected } from './shapes.ts';
import type { Transcript } from './transcript.ts';

export interface RunJournalOptions {
  readonly name: string; // of the coordinator's host
  readonly incarnation: number;
  readonly disk: Disk;
  readonly clock: VirtualClock;
  readonly firstStep: number;
  readonly checkpointEvery: number;
  readonly expected: Expected;
  readonly stopRequested: () => boolean;
  readonly violate: (what: string) => void;
  readonly progressed: () => void;
  readonly transcript: Transcript;
}

const writeMs = 20; // that a checkpoint takes

export type RunJournal = ReturnType<typeof createRunJournal>;

export function createRunJournal(options: RunJournalOptions) {
  const { name, incarnation, disk, clock, expected, violate, transcript } = options;
  let next = options.firstStep;
  let lines: number[] = [];
  let lost: Error | null = null;
  let failure: Error | null = null; // of the last checkpoint
  let writing = 0;
  let spare: Snapshot | null = null; // that was written, or never will be
  let whenIdle: (() => void)[] = [];

  function flush(): void {
    if (lost !== null) throw lost;
    disk.assertOwned(incarnation);
    disk.writeHistory(incarnation, lines);
    lines = [];
  }

  function write(snapshot: Snapshot): void {
    try {
      disk.assertOwned(incarnation);
      disk.writeCheckpoint(incarnation, snapshot);
      failure = null;
      transcript.say(name, `has written the checkpoint of step ${snapshot.progress.step}`);
    } catch (error) {
      failure = error as Error;
      if (!failure.message.startsWith('ENOSPC')) lost = failure;
      transcript.say(name, `could not write a checkpoint: ${failure.message}`);
    }
    writing -= 1;
    spare = snapshot;
    if (writing > 0) return;
    whenIdle.forEach((settle) => settle());
    whenIdle = [];
  }

  const journal: Journal = {
    modelKnown: () => {},
    basisKnown: () => {},
    stepDone(record) {
      if (record.step !== next) violate(`${name} committed step ${record.step}, and step ${next} was next`);
      next += 1;
      checkStep(record, expected, violate);
      lines.push(record.step);
      options.progressed();
      transcript.say(name, `has committed step ${record.step}`);
      if (record.step % 2 === 1) flush();
    },
    evaluated(record) {
      checkEvaluation(options, record);
      options.progressed();
      flush();
    },
    picture: () => {},
    componentVariance: () => {},
    checkpoint(snapshot) {
      flush();
      checkSnapshot(snapshot, expected, violate);
      writing += 1;
      clock.after(writeMs * writing, () => write(snapshot));
    },
    checkpointDue: (step) => step % options.checkpointEvery === 0,
    takeSpare() {
      const taken = spare;
      spare = null;
      return taken;
    },
    stopRequested: options.stopRequested,
    cachedBasis: () => null,
  };

  /** Settles when all is written. @throws LockstepError when the last checkpoint is not there, or the folder is lost */
  async function close(): Promise<void> {
    if (writing > 0) await new Promise<void>((resolve) => void whenIdle.push(resolve));
    flush();
    if (failure !== null) throw runError(`the last checkpoint was not written (${failure.message})`);
  }

  return { ...journal, close };
}

type Violate = (what: string) => void;

function checkStep(record: StepRecord, { shape, leaves }: Expected, violate: Violate): void {
  const { step, committed, terms } = record;
  if (!committed) violate(`step ${step} was not committed`);
  const loss = leaves[step]!.reduce((sum, leaf) => sum + leaf.terms['loss']!, 0) / shape.config.batchSize;
  if (Math.abs(terms['loss']! - loss) > 1e-9 * loss)
    violate(`the loss of step ${step} is ${terms['loss']}, and that of its leaves ${loss}`);
}

function checkSnapshot(snapshot: Snapshot, { states }: Expected, violate: Violate): void {
  const { step } = snapshot.progress;
  const state = states[step]!;
  for (const array of ['parameters', 'firstMoment', 'secondMoment'] as const)
    if (!sameBits(snapshot[array], state[array]))
      violate(`${array} after step ${step} differ from the reference`);
}

/** Everything but the time that it took is the same in each run. */
function checkEvaluation({ expected, violate }: RunJournalOptions, record: EvaluationRecord): void {
  const first = (expected.evaluation ??= record);
  for (const what of ['step', 'training', 'heldOut', 'test'] as const)
    if (JSON.stringify(first[what]) !== JSON.stringify(record[what]))
      violate(
        `the evaluation's ${what} is ${JSON.stringify(record[what])}, and was ${JSON.stringify(first[what])}`,
      );
}

/**
 * The history of a run: a line a step in `history.jsonl`, a line an evaluation in `epochs.jsonl`.
 *
 * Numbers that JSON lacks stand in it as the strings "NaN", "Infinity" and "-Infinity". `seconds` are those of
 * StepRecord and EvaluationRecord (journal.ts). A resumed run cuts both files back to its checkpoint, so that
 * they read as if it had never been interrupted.
 */
import { z } from 'zod';
import { dataError } from '../../shared/errors.ts';
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import { cutLines, openLineFile, readLines } from './line-file.ts';

export interface History {
  step(record: StepRecord): void;
  evaluation(record: EvaluationRecord): void;
  /** @throws the file system's error; nothing is lost */
  flush(): void;
  /** Forces what was written to disk. @throws the file system's error */
  sync(): Promise<void>;
}

const stepFile = 'history';
const evaluationFile = 'epochs';

export function openHistory(folder: string, maxBytes?: number): History {
  const steps = openLineFile(folder, stepFile, maxBytes);
  const evaluations = openLineFile(folder, evaluationFile, maxBytes);
  return {
    step: (record) => steps.append(record),
    evaluation: (record) => evaluations.append(record),
    flush() {
      steps.flush();
      evaluations.flush();
    },
    async sync() {
      await steps.sync();
      await evaluations.sync();
    },
  };
}

/** Cuts the history back to where `step` steps were made. */
export function cutHistory(folder: string, step: number): void {
  const stepOf = (record: object): number => ('step' in record ? Number(record.step) : NaN);
  cutLines(folder, stepFile, (record) => stepOf(record) < step); // 0-based
  cutLines(folder, evaluationFile, (record) => stepOf(record) <= step); // steps made
}

const real = z.custom<number>((value) => typeof value === 'number', 'expected a number');
const terms = z.record(z.string(), real);
const stepSchema = z.object({
  step: z.int(),
  epoch: real,
  terms,
  learningRate: real,
  klWeight: real,
  gradientNorm: real,
  noise: z.object({ squaredGradient: real, trace: real }).nullable(),
  samples: real,
  seconds: real,
  phases: z.object({ parameters: real.default(0), compute: real, exchange: real, commit: real }), // older: in compute
  workers: real,
  committed: z.boolean(),
}) satisfies z.ZodType<StepRecord>;
const evaluationSchema = z.object({
  step: z.int(),
  epoch: real,
  seconds: real,
  trainingMean: terms,
  training: terms,
  heldOut: terms.nullable(),
  test: terms.nullable(),
  samplesPerSecond: real,
  workers: real,
  noiseScale: real.nullable(),
  improved: z.boolean(),
}) satisfies z.ZodType<EvaluationRecord>;

/** Every step of a run, in order; a torn last line is passed over. @throws LockstepError (65) when damaged */
export const readHistory = (folder: string): StepRecord[] => readRecords(folder, stepFile, stepSchema);

/** Every evaluation of a run, in order. @throws LockstepError (65) when damaged */
export const readEpochs = (folder: string): EvaluationRecord[] =>
  readRecords(folder, evaluationFile, evaluationSchema);

function readRecords<T>(folder: string, name: string, schema: z.ZodType<T>): T[] {
  return readLines(folder, name).map((line, index) => {
    const result = schema.safeParse(line);
    if (result.success) return result.data;
    const reasons = z.prettifyError(result.error).replaceAll(/\s*\n\s*/g, ' ');
    throw dataError(`${folder}: record ${index + 1} of ${name}.jsonl is damaged: ${reasons}`);
  });
}

/**
 * Losses read off at equal epochs, at equal updates and at equal time. Of all trials the same point is taken, the
 * last one that every trial reached; between two evaluations of a trial the line that joins them.
 */
import type { EvaluationRecord } from '../../../coordinator/journal.ts';
import type { Trial } from './read-sweep.ts';

export const axes = ['epochs', 'updates', 'time'] as const;
export type StudyAxis = (typeof axes)[number];
export const splits = ['heldOut', 'training', 'mean'] as const; // mean: of the steps since the evaluation before
export type StudySplit = (typeof splits)[number];

/** Where an evaluation stands on an axis: passes over the rows, steps made, seconds of training. */
export const positionOn: Readonly<Record<StudyAxis, (record: EvaluationRecord) => number>> = {
  epochs: ({ epoch }) => epoch,
  updates: ({ step }) => step,
  time: ({ seconds }) => seconds,
};

/**
 * Terms of a split, of frozen parameters on fixed rows; held out, or training where nothing is. `mean` is what a
 * training log shows: the mean over steps while parameters changed.
 */
export function termOf(record: EvaluationRecord, split: StudySplit, term: string): number {
  const terms = {
    heldOut: record.heldOut ?? record.training,
    training: record.training,
    mean: record.trainingMean,
  };
  return terms[split][term] ?? NaN;
}

/** The last position that all trials reached. @returns null without trials */
export function commonPoint(trials: readonly Trial[], axis: StudyAxis): number | null {
  const ends = trials.map(({ run }) => run.evaluations.at(-1)).filter((record) => record !== undefined);
  return ends.length === 0 ? null : Math.min(...ends.map(positionOn[axis]));
}

/** @returns null where the trial was not evaluated as early as that, or the value is not finite */
export function readOff(
  { run }: Pick<Trial, 'run'>,
  axis: StudyAxis,
  position: number,
  split: StudySplit,
  term: string,
): number | null {
  const at = positionOn[axis];
  const after = run.evaluations.findIndex((record) => at(record) >= position);
  const right = run.evaluations[after];
  if (right === undefined) return null;
  const left = run.evaluations[after - 1];
  const value = termOf(right, split, term);
  if (at(right) === position || left === undefined) {
    return at(right) === position && Number.isFinite(value) ? value : null;
  }
  const share = (position - at(left)) / (at(right) - at(left));
  const between = termOf(left, split, term) * (1 - share) + value * share;
  return Number.isFinite(between) ? between : null;
}

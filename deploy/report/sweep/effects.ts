/**
 * Effects of the batch size, each a mean over seeds with its interval, and what may be said of it.
 *
 * Trials of one seed begin with the same parameters, so differences are taken seed by seed. The interval is that of
 * Student's t, at a level shared among all comparisons of the study (Bonferroni), so that the chance that a study of
 * nothing claims anything is at most 5 %. Rules, in this order:
 *
 *   one seed         nothing can be said: the spread is unknown
 *   within           the interval holds zero
 *   below control    the interval reaches into that of the control (95 %, its own): the groups of batch normalisation
 *                    may do as much
 *   stands           neither
 */
import type { Arm, Arms, Family } from './arms.ts';
import { axes, commonPoint, readOff, type StudyAxis } from './read-off.ts';
import { spreadOf, type Spread } from './student.ts';

export type Verdict = 'unavailable' | 'one seed' | 'within' | 'below control' | 'stands';

export interface Effect {
  readonly axis: StudyAxis;
  readonly point: number | null; // at which it was read off
  readonly differences: readonly number[]; // nats, seed by seed, positive where the loss is higher
  readonly spread: Spread | null; // of these; null without a common seed
  readonly verdict: Verdict;
}

export interface Comparison {
  readonly family: Family;
  readonly reference: Arm; // the smallest batch
  readonly arm: Arm;
  readonly effects: Readonly<Record<StudyAxis, Effect>>;
}

export interface Effects {
  readonly points: Readonly<Record<StudyAxis, number | null>>;
  readonly alpha: number; // of one interval
  readonly comparisons: readonly Comparison[];
  readonly control: Readonly<Record<StudyAxis, Effect>> | null;
}

export const studyAlpha = 0.05;

export function findEffects({ families, control }: Arms): Effects {
  const trials = families.flatMap(({ arms }) => arms).flatMap((arm) => arm.trials);
  const points = record((axis) => commonPoint(trials, axis));
  const pairs = families.flatMap((family) => {
    const [reference, ...others] = family.arms;
    return reference === undefined ? [] : others.map((arm) => ({ family, reference, arm }));
  });
  const alpha = studyAlpha / Math.max(1, pairs.length * axes.length);
  const ofControl = control === null ? null : record((axis) => judgeControl(axis, points[axis], control));
  const comparisons = pairs.map((pair): Comparison => {
    const effects = record((axis) =>
      judge(axis, points[axis], pair.reference, pair.arm, alpha, ofControl?.[axis].spread ?? null),
    );
    return { ...pair, effects };
  });
  return { points, alpha, comparisons, control: ofControl };
}

const record = <T>(make: (axis: StudyAxis) => T): Readonly<Record<StudyAxis, T>> => ({
  epochs: make('epochs'),
  updates: make('updates'),
  time: make('time'),
});

/** Read off where the sizes are, or at the control's own end where that comes first: time passes otherwise for it. */
function judgeControl(
  axis: StudyAxis,
  point: number | null,
  { usual, other }: NonNullable<Arms['control']>,
): Effect {
  const end = commonPoint(other.trials, axis);
  const both = point === null || end === null ? null : Math.min(point, end);
  return judge(axis, both, usual, other, studyAlpha, null);
}

function judge(
  axis: StudyAxis,
  point: number | null,
  reference: Arm,
  arm: Arm,
  alpha: number,
  control: Spread | null,
): Effect {
  const differences = point === null ? [] : pairedDifferences(reference, arm, axis, point);
  if (differences.length === 0) return { axis, point, differences, spread: null, verdict: 'unavailable' };
  const spread = spreadOf(differences, alpha);
  return { axis, point, differences, spread, verdict: verdictOf(spread, control) };
}

/** Of each seed that both have: the loss of the second minus that of the first. */
export function pairedDifferences(a: Arm, b: Arm, axis: StudyAxis, point: number, term = 'loss'): number[] {
  return b.trials.flatMap((trial) => {
    const mate = a.trials.find(({ plan }) => plan.config.seed === trial.plan.config.seed);
    if (mate === undefined) return [];
    const [before, after] = [mate, trial].map((each) => readOff(each, axis, point, 'heldOut', term));
    return typeof before === 'number' && typeof after === 'number' ? [after - before] : [];
  });
}

/** By the rules above. @param control null without one */
export function verdictOf(spread: Spread, control: Spread | null): Verdict {
  if (spread.count < 2) return 'one seed';
  if (spread.low <= 0 && spread.high >= 0) return 'within';
  if (control === null) return 'stands';
  // Of one seed alone the control has no interval: its value counts, which is the least that it can reach.
  const reach =
    control.count < 2 ? Math.abs(control.mean) : Math.max(Math.abs(control.low), Math.abs(control.high));
  return Math.min(Math.abs(spread.low), Math.abs(spread.high)) > reach ? 'stands' : 'below control';
}

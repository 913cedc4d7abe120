/**
 * Sharpness at the end points of trials, and what may be said of it: by the rules of effects.ts, over seeds and beside
 * the control, with intervals that hold for all that is said here together.
 *
 * Of each family the largest batch is held against the smallest. That compares ends, and where trials end is a matter
 * of budget: sharpness changes along training, so of minima something is said only where every trial of both trained
 * until its loss stopped falling.
 */
import { formatCount, formatNumber, plural } from '../../../shared/text.ts';
import type { SharpnessRecord } from '../../trained/sharpness-file.ts';
import type { Arm, Arms } from './arms.ts';
import { studyAlpha, verdictOf, type Verdict } from './effects.ts';
import type { Trial } from './read-sweep.ts';
import { spreadOf, type Spread } from './student.ts';

export const sharpnessMeasures = ['rise', 'eigenvalue'] as const;
export type SharpnessMeasure = (typeof sharpnessMeasures)[number];

export interface SharpnessEffect {
  readonly differences: readonly number[]; // seed by seed, positive where the second arm is sharper
  readonly spread: Spread | null; // of these; null without a common seed
  readonly verdict: Verdict;
}

type Effects = Readonly<Record<SharpnessMeasure, SharpnessEffect>>;

export interface SharpnessComparison {
  readonly family: string;
  readonly reference: Arm; // the smallest batch
  readonly arm: Arm; // the largest
  readonly effects: Effects;
}

export interface SharpnessStudy {
  readonly isMeasured: boolean; // of any trial
  readonly comparisons: readonly SharpnessComparison[];
  readonly control: Effects | null;
}

export function sharpnessOf({ families, control }: Arms): SharpnessStudy {
  const pairs = families.flatMap(({ name, arms }) => {
    const [reference, arm] = [arms[0], arms.at(-1)];
    return reference === undefined || arm === undefined || arm === reference
      ? []
      : [{ family: name, reference, arm }];
  });
  const alpha = studyAlpha / Math.max(1, pairs.length * sharpnessMeasures.length);
  const ofControl = control === null ? null : effectsOf(control.usual, control.other, studyAlpha, null);
  return {
    isMeasured: families.some(({ arms }) => arms.some((arm) => measured(arm, 'rise').length > 0)),
    comparisons: pairs.map((pair) => ({
      ...pair,
      effects: effectsOf(pair.reference, pair.arm, alpha, ofControl),
    })),
    control: ofControl,
  };
}

/** Of each seed that has it. */
export const measured = ({ trials }: Arm, measure: SharpnessMeasure): number[] =>
  trials.flatMap((trial) => valueOf(trial, measure) ?? []);

const valueOf = ({ run: { sharpness } }: Trial, measure: SharpnessMeasure): number | null =>
  (sharpness satisfies SharpnessRecord | null)?.[measure] ?? null;

function effectsOf(reference: Arm, arm: Arm, alpha: number, control: Effects | null): Effects {
  const of = (measure: SharpnessMeasure): SharpnessEffect => {
    const differences = arm.trials.flatMap((trial) => {
      const mate = reference.trials.find(({ plan }) => plan.config.seed === trial.plan.config.seed);
      const [before, after] = [mate === undefined ? null : valueOf(mate, measure), valueOf(trial, measure)];
      return before === null || after === null ? [] : [after - before];
    });
    if (differences.length === 0) return { differences, spread: null, verdict: 'unavailable' };
    const spread = spreadOf(differences, alpha);
    return { differences, spread, verdict: verdictOf(spread, control?.[measure].spread ?? null) };
  };
  return { rise: of('rise'), eigenvalue: of('eigenvalue') };
}

/** One sentence on what was found, and one on how little it may mean. */
export function sharpnessWords({ family, reference, arm, effects }: SharpnessComparison) {
  const { rise, eigenvalue } = effects;
  const name = `Sharpness where training ended, batch ${arm.name} against ${reference.name}`;
  if (rise.spread === null && eigenvalue.spread === null) return { family, text: `${name}: not available.` };
  const found = `${name}: SAM’s rise ${sayDifference(rise, ' nats')}; largest Hessian eigenvalue ${sayDifference(eigenvalue, '')}.`;
  return { family, text: `${found} ${meaning(reference, arm, effects)}` };
}

export function sayDifference({ spread, verdict }: SharpnessEffect, unit: string): string {
  if (spread === null) return 'not available';
  const { mean, low, high, count } = spread;
  const amount = `${formatNumber(Math.abs(mean))}${unit} ${mean > 0 ? 'higher' : 'lower'}`;
  const [near, far] = mean > 0 ? [low, high] : [-high, -low];
  switch (verdict) {
    case 'unavailable':
      return 'not available';
    case 'one seed':
      return `${amount} (in the one seed)`;
    case 'within':
      return `${amount} (within the spread of ${count} seeds)`;
    case 'below control':
      return `${amount} (no more than the control may do)`;
    case 'stands':
      return `${amount} (${formatNumber(near)} to ${formatNumber(far)})`;
    default:
      return verdict satisfies never;
  }
}

function meaning(reference: Arm, arm: Arm, { rise, eigenvalue }: Effects): string {
  const known = [rise, eigenvalue].filter(({ spread }) => spread !== null);
  if (known.some(({ verdict }) => verdict === 'one seed')) {
    return 'One seed cannot tell a difference from chance: nothing is concluded.';
  }
  const signs = new Set(
    known.flatMap(({ verdict, spread }) => (verdict === 'stands' ? Math.sign(spread!.mean) : [])),
  );
  if (signs.size === 0) return 'No difference in sharpness stands out.';
  if (signs.size === 2) return 'The two measures disagree: nothing is concluded.';
  const said = `The larger batch ended where the loss is ${signs.has(1) ? 'sharper' : 'flatter'}`;
  if ([...reference.trials, ...arm.trials].every(hasConverged)) {
    return `${said}, and all trials trained until their loss stopped falling.`;
  }
  const [few, many] = [endOf(arm), endOf(reference)].map(formatCount);
  const where = few === many ? `after ${few} updates each` : `after ${few} updates against ${many}`;
  return `${said}, ${where}; training was not over, and sharpness changes along it: nothing is said of minima.`;
}

/** Whether the loss decided when it ended, and not a budget. */
function hasConverged({ plan: { config }, run }: Trial): boolean {
  const { epoch = Infinity, step = Infinity, seconds = Infinity } = run.evaluations.at(-1) ?? {};
  const { stopOn, epochs, steps, maxSeconds } = config;
  return (
    stopOn !== 'none' &&
    epoch < (epochs ?? Infinity) &&
    step < (steps ?? Infinity) &&
    seconds < (maxSeconds ?? Infinity)
  );
}

const endOf = ({ trials }: Arm): number =>
  Math.max(...trials.map(({ run }) => run.evaluations.at(-1)?.step ?? 0));

export const notMeasured = 'The sharpness of these trials was not measured.';

/** What the figures are, and how sure. */
export function sharpnessNote(trials: readonly Trial[]): string {
  const records = trials.flatMap(({ run }) => run.sharpness ?? []);
  const [{ rho, rowCount } = { rho: NaN, rowCount: NaN }] = records;
  const open = records.filter(({ isSettled }) => !isSettled).length;
  return (
    `On ${formatCount(rowCount)} training rows, the same for all, with fixed latent noise and dropout masks and frozen ` +
    `batch norm. SAM’s rise: how many nats the loss grows ${rho} up its gradient (Foret et al. 2021). Largest ` +
    'eigenvalue: of the loss’s Hessian. Both depend on how parameters are scaled, which batch norm and ReLU leave ' +
    'open: they compare models that were trained alike.' +
    (open === 0 ? '' : ` Of ${plural(open, 'trial')} the eigenvalue had not settled.`)
  );
}

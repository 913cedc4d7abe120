/**
 * What a study says, in sentences made from its effects by the rules of effects.ts: never more than the spread over
 * seeds and the control allow, and of two settings only what was compared.
 */
import { formatCount } from '../../../shared/text.ts';
import type { Comparison, Effect, Effects } from './effects.ts';
import { axes, type StudyAxis } from './read-off.ts';

export interface Conclusion {
  readonly family: string;
  readonly text: string;
}

const atEqual: Readonly<Record<StudyAxis, string>> = {
  epochs: 'at equal epochs',
  updates: 'at equal updates',
  time: 'at equal time',
};

/** One paragraph a size, and one on the control; one that says so where nothing could be compared. */
export function conclude({ comparisons, control }: Effects): Conclusion[] {
  if (comparisons.length === 0) {
    return [
      { family: '', text: 'Nothing to compare yet: fewer than two batch sizes have a finished trial.' },
    ];
  }
  const ofSizes = comparisons.map((comparison) => ({
    family: comparison.family.name,
    text: [facts(comparison), meaning(comparison)].filter(Boolean).join(' '),
  }));
  return [...ofSizes, { family: '', text: controlWords(control) }];
}

function facts({ arm, reference, effects }: Comparison): string {
  const parts = axes.map((axis) => `${atEqual[axis]} ${sayEffect(effects[axis])}`);
  const isTooShort = effects.updates.spread === null && effects.epochs.spread !== null;
  return (
    `Batch ${arm.name} against ${reference.name}: ${parts.join('; ')}.` +
    (isTooShort
      ? ' The larger one ended before the smaller was evaluated for the first time: more epochs would tell.'
      : '')
  );
}

/** `0.31 nats worse (0.20 to 0.42)`, `0.02 nats worse (within the spread of 3 seeds)`. */
export function sayEffect({ spread, verdict }: Effect): string {
  if (spread === null) return 'not known';
  const { mean, low, high } = spread;
  const amount = `${nats(Math.abs(mean))} nats ${mean > 0 ? 'worse' : 'better'}`;
  const [near, far] = mean > 0 ? [low, high] : [-high, -low];
  switch (verdict) {
    case 'unavailable':
      return 'not known';
    case 'one seed':
      return `${amount} (in the one seed)`;
    case 'within':
      return `${amount} (within the spread of ${spread.count} seeds)`;
    case 'below control':
      return `${amount} (no more than the control may do)`;
    case 'stands':
      return `${amount} (${nats(near)} to ${nats(far)})`;
    default:
      return verdict satisfies never;
  }
}

function meaning({ arm, reference, effects: { epochs, updates } }: Comparison): string {
  const times = `${Number((arm.batchSize / reference.batchSize).toPrecision(3))} times`;
  if (epochs.verdict === 'one seed' || updates.verdict === 'one seed') {
    return 'One seed cannot tell an effect from chance: nothing is concluded. Add seeds with --repeats 3.';
  }
  if (epochs.spread === null || updates.spread === null) return '';
  const [byEpoch, byUpdate] = [epochs, updates].map((effect) => signOf(effect)) as [number, number];
  if (byEpoch === 0 && byUpdate === 0) {
    return 'No difference stands out of what seeds and batch normalisation do by themselves.';
  }
  if (byUpdate === 0) {
    const { low, high } = updates.spread;
    if (low <= epochs.spread.mean && epochs.spread.mean <= high) {
      return 'At equal updates the seeds tell neither that it is gone nor that it stays.';
    }
    return (
      `Nothing of it stands out at equal updates: the difference goes with the number of updates, ` +
      `of which the larger batch makes ${times} fewer in an epoch.`
    );
  }
  if (byEpoch === 0) {
    return `It shows at equal updates alone, where the larger batch has seen ${times} as many samples.`;
  }
  if (byEpoch === byUpdate) {
    return 'It shows at equal epochs and at equal updates, so the number of updates alone does not explain it.';
  }
  return byEpoch > 0
    ? `A sample is worth less in the larger batch, and an update more: ${times} fewer updates an epoch cost more ` +
        'than their better gradients bring.'
    : 'The larger batch needs fewer epochs and more updates.';
}

/** Of what may be claimed only. */
const signOf = ({ verdict, spread }: Effect): number => (verdict === 'stands' ? Math.sign(spread!.mean) : 0);

function controlWords(control: Effects['control']): string {
  const spread = control?.epochs.spread;
  if (!spread) return 'There was no control: what batch normalisation’s groups do is not known.';
  const amount = `${nats(Math.abs(spread.mean))} nats ${spread.mean > 0 ? 'worse' : 'better'}`;
  const seeds = spread.count < 2 ? 'in the one seed' : `in the mean of ${spread.count} seeds`;
  return `The control, one batch in other micro-batches: at equal epochs ${amount} ${seeds}.`;
}

/** Two digits after the point below 10. */
export const nats = (value: number): string =>
  Math.abs(value) < 10
    ? value.toFixed(2)
    : Math.abs(value) < 1000
      ? value.toFixed(1)
      : formatCount(Math.round(value));

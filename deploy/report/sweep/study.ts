/** A sweep as what it shows: its arms, their effects, pace, noise and sharpness, and conclusions. Pure. */
import { groupTrials, labelOf, type Arm, type Arms } from './arms.ts';
import { conclude, type Conclusion } from './conclusions.ts';
import { findEffects, type Effects } from './effects.ts';
import { noiseOf, type ArmNoise } from './noise.ts';
import type { Sweep } from './read-sweep.ts';
import { sharpnessOf, sharpnessWords, type SharpnessStudy } from './sharpness.ts';
import { paces, type Pace } from './throughput.ts';

export interface Shown {
  readonly label: string;
  readonly arm: Arm;
}

export interface Study {
  readonly arms: Arms;
  readonly shown: readonly Shown[]; // every arm once, the control last
  readonly effects: Effects;
  readonly paces: readonly Pace[];
  readonly noise: readonly (ArmNoise & { readonly label: string })[];
  readonly sharpness: SharpnessStudy;
  readonly conclusions: readonly Conclusion[];
  readonly terms: readonly string[]; // of the loss, `loss` first
}

export function studyOf({ trials, file }: Pick<Sweep, 'trials' | 'file'>): Study {
  const arms = groupTrials(trials, file.referenceBatchSize);
  const shown = shownArms(arms);
  const effects = findEffects(arms);
  const sharpness = sharpnessOf(arms);
  const terms = Object.keys(trials[0]?.run.evaluations[0]?.training ?? {});
  return {
    arms,
    shown,
    effects,
    paces: paces(trials),
    noise: shown.map(({ label, arm }) => ({ label, ...noiseOf(arm) })),
    sharpness,
    conclusions: [
      ...conclude(effects),
      ...(sharpness.isMeasured ? sharpness.comparisons.map(sharpnessWords) : []),
    ],
    terms: ['loss', ...terms.filter((term) => term !== 'loss')],
  };
}

function shownArms({ families, control }: Arms): Shown[] {
  const seen = new Set<string>();
  const all = families.flatMap(({ name, arms }) =>
    arms.map((arm) => ({ label: labelOf(name, arm.name), arm })),
  );
  const once = all.filter(({ arm }) => {
    const key = arm.trials.map(({ plan }) => plan.name).join(' ');
    return !seen.has(key) && seen.add(key);
  });
  return control === null ? once : [...once, { label: control.other.name, arm: control.other }];
}

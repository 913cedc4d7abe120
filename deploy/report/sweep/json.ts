/** The numbers of a sweep's report for programs. What is not finite or not known is null. */
import type { Arm } from './arms.ts';
import { axes, readOff, splits, type StudyAxis } from './read-off.ts';
import type { Sweep } from './read-sweep.ts';
import type { Study } from './study.ts';

export function jsonOf({ name, file, others }: Sweep, study: Study): string {
  const { effects, shown, paces, noise, sharpness, conclusions, terms } = study;
  const content = {
    name,
    ...file,
    points: effects.points,
    alpha: effects.alpha,
    arms: shown.map(({ label, arm }) => ({
      label,
      ...settingsOf(arm),
      trials: arm.trials.map(({ plan }) => plan.name),
      at: Object.fromEntries(axes.map((axis) => [axis, valuesAt(arm, axis, effects.points[axis], terms)])),
    })),
    effects: effects.comparisons.map(({ family, reference, arm, effects: own }) => ({
      family: family.name,
      reference: settingsOf(reference),
      arm: settingsOf(arm),
      ...own,
    })),
    control: effects.control,
    conclusions,
    throughput: paces,
    noise: noise.map(({ label, early, late, worth }) => ({ label, early, late, worth })),
    sharpness: {
      arms: shown.map(({ label, arm }) => ({ label, trials: arm.trials.map(({ run }) => run.sharpness) })),
      effects: sharpness.comparisons.map(({ family, reference, arm, effects: own }) => ({
        family,
        reference: settingsOf(reference),
        arm: settingsOf(arm),
        ...own,
      })),
      control: sharpness.control,
    },
    notCompared: others.map(({ trial, state, problem }) => ({ trial, state, problem })),
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}

const settingsOf = ({ batchSize, microBatchSize, learningRate, isControl }: Arm) => ({
  batchSize,
  microBatchSize,
  learningRate,
  isControl,
});

/** Of each seed, in the order of its trials. */
function valuesAt(arm: Arm, axis: StudyAxis, point: number | null, terms: readonly string[]) {
  if (point === null) return null;
  return Object.fromEntries(
    splits.map((split) => [
      split,
      Object.fromEntries(
        terms.map((term) => [term, arm.trials.map((trial) => readOff(trial, axis, point, split, term))]),
      ),
    ]),
  );
}

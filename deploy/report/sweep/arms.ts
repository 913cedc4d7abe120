/**
 * The trials of a sweep in groups: an *arm* is one setting with all its seeds; a *family* is the arms that differ in
 * nothing but the batch size, so that comparing them is about the batch.
 *
 * The number of workers changes no bit of a model, so of trials that differ in it alone one is taken, that with most.
 */
import { formatCount } from '../../../shared/text.ts';
import { configFieldNames, type Config, type ConfigField } from '../../../shared/runtime/config.ts';
import { kebabCase } from '../../../shared/runtime/field.ts';
import { sayPlainly } from '../../../shared/runtime/sources.ts';
import type { LearningRateRule } from '../../sweep/rules.ts';
import { scaledLearningRate } from '../../sweep/rules.ts';
import type { Trial } from './read-sweep.ts';

export interface Arm {
  readonly name: string; // within its family: the batch size, and of the control its micro-batch
  readonly batchSize: number;
  readonly microBatchSize: number | null;
  readonly learningRate: number;
  readonly isControl: boolean;
  readonly trials: readonly Trial[]; // one a seed, ascending
}

export interface Family {
  readonly name: string; // empty where there is but one
  readonly rule: LearningRateRule;
  readonly arms: readonly Arm[]; // by batch size, ascending; no control
}

export interface Arms {
  readonly families: readonly Family[];
  readonly control: { readonly usual: Arm; readonly other: Arm } | null; // two micro-batch sizes, else equal
}

/** @param referenceBatchSize at which all rules of the learning rate agree */
export function groupTrials(trials: readonly Trial[], referenceBatchSize: number): Arms {
  const plain = trials.filter(({ plan }) => !plan.isControl);
  const varied = variedFields(plain, referenceBatchSize);
  const rules = new Set(plain.map(({ plan }) => plan.rule));
  const groups = groupBy(plain, ({ plan }) => familyName(plan.config, plan.rule, varied, rules.size > 1));
  const families = [...groups].map(([name, members]): Family => {
    const { config, rule } = members[0]!.plan;
    const reference = rule === 'none' ? [] : plain.filter(isReferenceOf(config, varied, referenceBatchSize));
    return { name, rule, arms: armsOf([...reference, ...members]) };
  });
  return { families, control: controlOf(trials, families) };
}

/** An arm among those of all families. */
export const labelOf = (family: string, arm: string): string => (family === '' ? arm : `${arm}, ${family}`);

const ofItself: readonly ConfigField[] = ['batchSize', 'seed', 'workers', 'learningRate'];

/** Fields, beside batch and seed, in which trials differ on purpose. */
function variedFields(trials: readonly Trial[], referenceBatchSize: number): ConfigField[] {
  const differs = (pick: (trial: Trial) => unknown): boolean =>
    new Set(trials.map((trial) => JSON.stringify(pick(trial)))).size > 1;
  const fields = configFieldNames.filter(
    (field) => !ofItself.includes(field) && differs(({ plan }) => plan.config[field]),
  );
  const byRate = differs(({ plan: { config, rule } }) => {
    const factor = scaledLearningRate(rule, 1, config.batchSize, referenceBatchSize);
    return (config.learningRate / factor).toPrecision(4);
  });
  return byRate ? [...fields, 'learningRate'] : fields;
}

function familyName(
  config: Config,
  rule: LearningRateRule,
  varied: readonly ConfigField[],
  byRule: boolean,
): string {
  const parts = varied
    .filter((field) => field !== 'learningRate' || rule === 'none')
    .map((field) => `${kebabCase(field)} ${sayPlainly(config[field])}`);
  return [...parts, ...(byRule ? [ruleNames[rule]] : [])].join(', ');
}

export const ruleNames: Readonly<Record<LearningRateRule, string>> = {
  none: 'same rate',
  sqrt: 'sqrt rate',
  linear: 'linear rate',
};

/** Whether a trial is the reference batch of a family whose rule begins there. */
const isReferenceOf =
  (config: Config, varied: readonly ConfigField[], referenceBatchSize: number) =>
  ({ plan }: Trial): boolean =>
    plan.rule === 'none' &&
    plan.config.batchSize === referenceBatchSize &&
    varied.every((field) => field === 'learningRate' || equal(plan.config[field], config[field]));

function armsOf(trials: readonly Trial[]): Arm[] {
  const groups = groupBy(trials, ({ plan: { config, isControl } }) =>
    JSON.stringify([config.batchSize, config.microBatchSize, config.learningRate, isControl]),
  );
  const arms = [...groups.values()].map((members): Arm => {
    const { config, isControl } = members[0]!.plan;
    const { batchSize, microBatchSize, learningRate } = config;
    const name = isControl
      ? `${formatCount(batchSize)}, control ${formatCount(microBatchSize ?? batchSize)}`
      : formatCount(batchSize);
    return { name, batchSize, microBatchSize, learningRate, isControl, trials: onePerSeed(members) };
  });
  return arms.sort((a, b) => a.batchSize - b.batchSize);
}

function onePerSeed(trials: readonly Trial[]): Trial[] {
  const bySeed = groupBy(trials, ({ plan }) => String(plan.config.seed));
  const workersOf = ({ run }: Trial): number => run.steps.at(-1)?.workers ?? 0;
  return [...bySeed.values()]
    .map((same) => same.reduce((most, each) => (workersOf(each) > workersOf(most) ? each : most)))
    .sort((a, b) => a.plan.config.seed - b.plan.config.seed);
}

/** The control beside what differs from it in the micro-batch alone. */
function controlOf(trials: readonly Trial[], families: readonly Family[]): Arms['control'] {
  const [other] = armsOf(trials.filter(({ plan }) => plan.isControl));
  if (other === undefined) return null;
  const config = other.trials[0]!.plan.config;
  const differs = (arm: Arm): ConfigField[] =>
    configFieldNames.filter(
      (field) =>
        !['seed', 'workers', 'microBatchSize'].includes(field) &&
        !equal(arm.trials[0]!.plan.config[field], config[field]),
    );
  const usual = families.flatMap(({ arms }) => arms).find((arm) => differs(arm).length === 0);
  return usual === undefined ? null : { usual, other };
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

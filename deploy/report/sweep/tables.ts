/** The numbers of a study in tables: losses at equal points, pace, noise, trials. */
import { formatCount, formatNumber, formatShare } from '../../../shared/text.ts';
import type { Table } from '../document.ts';
import { nats, sayEffect } from './conclusions.ts';
import { labelOf } from './arms.ts';
import { axes, readOff, type StudyAxis, type StudySplit } from './read-off.ts';
import type { Sweep, Trial } from './read-sweep.ts';
import { measured, sharpnessMeasures } from './sharpness.ts';
import type { Shown, Study } from './study.ts';
import { phaseNames } from './throughput.ts';

const dash = '–';

/** Every term at one common point: means over seeds, and how far the seeds lie apart. */
export function lossTable({ shown, terms, effects }: Study, axis: StudyAxis): Table | null {
  const point = effects.points[axis];
  if (point === null) return null;
  const known = terms.filter((term) => ['loss', 'nll', 'kl'].includes(term));
  const head = [
    'batch',
    ...known.map((term) => `held-out ${term}`),
    'range over seeds',
    ...known.map((term) => `training ${term}`),
    'as it ran',
    'seeds',
  ];
  const rows = shown.map(({ label, arm }) => {
    const values = (split: StudySplit, term: string): number[] =>
      arm.trials.flatMap((trial) => readOff(trial, axis, point, split, term) ?? []);
    const loss = values('heldOut', 'loss');
    const range = loss.length < 2 ? dash : `${nats(Math.min(...loss))} to ${nats(Math.max(...loss))}`;
    return [
      label,
      ...known.map((term) => sayMean(values('heldOut', term))),
      range,
      ...known.map((term) => sayMean(values('training', term))),
      sayMean(values('mean', 'loss')),
      String(arm.trials.length),
    ];
  });
  return { head, rows };
}

const sayMean = (values: readonly number[]): string => (values.length === 0 ? dash : nats(meanOf(values)));

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What batch sizes do, as sentences say it, and the control beside it. */
export function effectTable({ effects }: Study): Table {
  const rows = effects.comparisons.map(({ family, reference, arm, effects: own }) => [
    `${labelOf(family.name, arm.name)} against ${reference.name}`,
    ...axes.map((axis) => sayEffect(own[axis])),
  ]);
  const { control } = effects;
  const last = control === null ? [] : [['control', ...axes.map((axis) => sayEffect(control[axis]))]];
  return { head: ['batch', ...axes.map((axis) => `at equal ${axis}`)], rows: [...rows, ...last] };
}

export function paceTable({ paces }: Study): Table {
  const isScaled = paces.some(({ efficiency }) => efficiency !== null);
  const head = ['batch', 'workers', 'samples/s', 'step', ...phaseNames, ...(isScaled ? ['efficiency'] : [])];
  const rows = paces.map(({ batchSize, workers, samplesPerSecond, stepSeconds, phases, efficiency }) => [
    formatCount(batchSize),
    String(workers),
    formatNumber(samplesPerSecond),
    `${formatNumber(1000 * stepSeconds)} ms`,
    ...phaseNames.map((phase) => formatShare(phases[phase] / stepSeconds)),
    ...(isScaled ? [efficiency === null ? dash : formatShare(efficiency)] : []),
  ]);
  return { head, rows };
}

export function noiseTable({ noise }: Study): Table {
  const say = (value: number | null): string => (value === null ? 'not available' : formatNumber(value));
  const rows = noise.map(({ label, early, late, worth }) => [
    label,
    say(early),
    say(late),
    worth === null ? dash : formatShare(worth),
    worth === null ? dash : placeOf(worth),
  ]);
  const head = ['batch', 'noise scale, first quarter', 'last quarter', 'worth of a sample', 'the batch is'];
  return { head, rows };
}

/** Of each setting where its trials ended: means over seeds, and how far the seeds lie apart. */
export function sharpnessTable({ shown }: Pick<Study, 'shown'>): Table {
  const unknown = 'not available';
  const head = [
    'batch',
    'updates',
    'training loss',
    'SAM’s rise, nats',
    'range over seeds',
    'largest eigenvalue',
    'range over seeds',
    'seeds',
  ];
  const rows = shown.map(({ label, arm }) => {
    const records = arm.trials.flatMap(({ run }) => run.sharpness ?? []);
    const losses = records.flatMap(({ loss }) => loss ?? []);
    const cells = sharpnessMeasures.flatMap((measure) => {
      const values = measured(arm, measure);
      if (values.length === 0) return [unknown, dash];
      const [low, high] = [Math.min(...values), Math.max(...values)].map(formatNumber);
      return [formatNumber(meanOf(values)), values.length < 2 ? dash : `${low} to ${high}`];
    });
    const updates = records.length === 0 ? dash : formatCount(meanOf(records.map(({ step }) => step)));
    const seeds =
      records.length === arm.trials.length
        ? String(records.length)
        : `${records.length} of ${arm.trials.length}`;
    return [label, updates, sayMean(losses), ...cells, seeds];
  });
  return { head, rows };
}

/** Where a batch lies, by what a sample in it is worth: 80 % is a batch of a quarter of the noise scale. */
function placeOf(worth: number): string {
  if (worth >= 0.8) return 'far below it: larger pays';
  if (worth >= 0.5) return 'below it';
  return worth >= 0.2 ? 'above it' : 'far above it: smaller does as well';
}

/** What was run, setting by setting. */
export function armTable(shown: readonly Shown[]): Table {
  const head = ['batch', 'micro-batch', 'learning rate', 'seeds', 'epochs', 'updates', 'best held-out loss'];
  const rows = shown.map(({ label, arm }) => {
    const lasts = arm.trials.flatMap(({ run }) => run.evaluations.at(-1) ?? []);
    const range = (values: readonly number[], digits: number): string => {
      const [low, high] = [Math.min(...values), Math.max(...values)].map((value) =>
        digits === 0 ? formatCount(value) : String(Number(value.toFixed(digits))),
      );
      return low === high ? low! : `${low} to ${high}`;
    };
    return [
      label,
      arm.microBatchSize === null ? dash : formatCount(arm.microBatchSize),
      String(arm.learningRate),
      arm.trials.map(({ plan }) => plan.config.seed).join(', '),
      range(
        lasts.map(({ epoch }) => epoch),
        1,
      ),
      range(
        lasts.map(({ step }) => step),
        0,
      ),
      bestOf(arm.trials),
    ];
  });
  return { head, rows };
}

/** The lowest held-out loss of each trial's evaluations, wherever that was: their mean over seeds. */
function bestOf(trials: readonly Trial[]): string {
  const lowest = trials.map(({ run }) =>
    Math.min(...run.evaluations.map(({ heldOut }) => heldOut?.['loss'] ?? Infinity)),
  );
  const mean = lowest.reduce((sum, value) => sum + value, 0) / lowest.length;
  return Number.isFinite(mean) ? nats(mean) : dash;
}

/** Trials that are not in the comparison, and why. */
export function otherTable({ others }: Pick<Sweep, 'others'>): Table | null {
  if (others.length === 0) return null;
  const rows = others.map(({ trial, state, problem }) => [trial, state, problem ?? '']);
  return { head: ['trial', 'state', 'why'], rows };
}

/** What a sweep says before it begins: its trials, the one unit, the control, and how long all of it may take. */
import { sharpnessRows } from '../../shared/model/sharpness.ts';
import { plural, formatCount, formatDuration, formatEpochs, formatNumber } from '../../shared/text.ts';
import { flagName } from '../../shared/runtime/field.ts';
import type { Estimate } from './estimate.ts';
import type { Requested } from './request.ts';

/** Lines of a label and what it says. */
export function openingLines({ dir, sweep, plan }: Requested): string[] {
  const { trials, unit, referenceBatchSize } = sweep;
  const done = trials.filter(({ state }) => state === 'finished').length;
  const sizes = [...new Set(trials.map(({ batchSize }) => batchSize))].map(formatCount).join(', ');
  const seeds = new Set(trials.map(({ seed }) => seed)).size;
  const rules = [...new Set(trials.map(({ rule }) => rule))].filter((rule) => rule !== 'none');
  const control = plan?.control ?? null;
  return [
    `sweep     ${plural(trials.length, 'trial')}: batch sizes ${sizes}; ${plural(seeds, 'seed')}`,
    unit === null
      ? `unit      ${flagName('microBatchSize')} is varied, and batch normalisation with it`
      : `unit      micro-batches of ${formatCount(unit)} for all: batch normalisation sees the same groups in each`,
    ...(control === null
      ? []
      : [
          `control   batch ${formatCount(control.batchSize)} again in micro-batches of ` +
            `${formatCount(control.microBatchSize)}: what the groups of batch normalisation do`,
        ]),
    ...(rules.length === 0
      ? []
      : [
          `rates     ${rules.join(', ')} from batch ${formatCount(referenceBatchSize)} on, where all rules agree`,
        ]),
    ...(sweep.sharpness
      ? [
          `sharpness where each trial ends, on up to ${formatCount(sharpnessRows)} training rows; --no-sharpness leaves it out`,
        ]
      : []),
    ...updatesLines(sweep.plans),
    ...(done === 0 ? [] : [`done      ${formatCount(done)} of them, which are not repeated`]),
    `folder    ${dir}`,
  ];
}

/**
 * Whether losses can be compared at equal updates: the trial of fewest updates must reach the first evaluation of every
 * other one. Nothing is said where epochs are not what bounds all trials.
 */
function updatesLines(plans: Requested['sweep']['plans']): string[] {
  const configs = plans.map(({ config }) => config);
  const isByEpochs = configs.every(
    ({ epochs, steps, maxSeconds, stopOn }) =>
      epochs !== null && steps === null && maxSeconds === null && stopOn === 'none',
  );
  if (!isByEpochs) return [];
  const sparse = configs.reduce((a, b) => (b.epochs! / b.batchSize < a.epochs! / a.batchSize ? b : a));
  const late = configs.reduce((a, b) =>
    b.evaluateEvery / b.batchSize > a.evaluateEvery / a.batchSize ? b : a,
  );
  const needed = Math.ceil((late.evaluateEvery * sparse.batchSize) / late.batchSize);
  if (sparse.epochs! >= needed) return [];
  return [
    `updates   in ${formatEpochs(sparse.epochs!)} epochs batch ${formatCount(sparse.batchSize)} makes fewer updates than ` +
      `batch ${formatCount(late.batchSize)} does before its first evaluation: the report will have nothing at equal ` +
      `updates; from ${flagName('epochs')} ${needed} on it has`,
  ];
}

/** The table of `--dry-run`, and what all that is left comes to. */
export function estimateLines(estimates: readonly Estimate[]): string[] {
  const heads = ['trial', 'epochs', 'updates', 'samples/s', 'time', 'worker hours'];
  const say = (value: number | null, format: (each: number) => string): string =>
    value === null ? '?' : format(value);
  const hours = (seconds: number): string => formatNumber(seconds / 3600);
  const rows = estimates.map((each) => [
    each.trial,
    say(each.epochs, formatEpochs),
    say(each.updates, formatCount),
    say(each.samplesPerSecond, formatNumber),
    each.isDone ? 'done' : say(each.seconds, formatDuration),
    each.isDone ? '' : say(each.workerSeconds, hours),
  ]);
  const left = estimates.filter(({ isDone }) => !isDone);
  const known = left.every(({ seconds }) => seconds !== null);
  const sum = (pick: (each: Estimate) => number | null): number =>
    left.reduce((total, each) => total + (pick(each) ?? 0), 0);
  const total = known
    ? `${formatDuration(sum(({ seconds }) => seconds))} for what is left, ` +
      `${hours(sum(({ workerSeconds }) => workerSeconds))} worker hours${ofSharpness(left)}: an estimate, measured anew ` +
      'by each trial'
    : 'The rest is known once a trial has run: the losses decide, or nobody knows yet how fast this device is.';
  return [...columns([heads, ...rows]), total];
}

function ofSharpness(left: readonly Estimate[]): string {
  const seconds = left.reduce((sum, each) => sum + each.sharpnessSeconds, 0);
  return seconds === 0 ? '' : `, ${formatDuration(seconds)} of it for sharpness`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

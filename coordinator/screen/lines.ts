/**
 * The lines of a run under way: the live one of a terminal, one an evaluation, and the last ones.
 *
 *   epoch 3/20 - loss -12.3 (nll -25.1, kl 12.8) - 8,400 samples/s - exchange 9 % - eta 0:42
 *
 * Pure text; screen.ts writes it.
 */
import type { Terms } from '../../shared/model/compute.ts';
import {
  formatCount,
  formatDuration,
  formatEpochs,
  formatNats,
  formatNumber,
  formatShare,
  plural,
} from '../../shared/text.ts';
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import type { RunResult } from '../program.ts';

/** How far a run is to go; `epochs` is null where it was told in steps. */
export interface Extent {
  readonly stepCount: number;
  readonly epochs: number | null;
}

export interface Rates {
  readonly samplesPerSecond: number; // NaN where not known yet, as the others
  readonly exchangeShare: number;
  readonly etaSeconds: number;
}

/** `deserted`: no worker was left. */
export type Ending = RunResult['stopped'] | 'deserted';

export interface FinishedSummary {
  readonly result: Pick<RunResult, 'steps' | 'epochs' | 'samplesPerSecond'> & { readonly stopped: Ending };
  readonly runDir: string;
  readonly bestHeldOutLoss: number | null; // of the training rows where none are held out
  readonly seconds: number; // of the process
  readonly preset: string;
  readonly hasReport: boolean;
  readonly generative: boolean; // whether there is something to draw
  readonly hasSchedule: boolean; // a learning rate that has come to the end of its fall
}

const shownTerms = 2; // beside the loss: the parts that it is the sum of come first

export function liveLine(record: StepRecord, extent: Extent, rates: Rates): string {
  const rowShare = record.epoch / (record.step + 1); // B / N
  const epoch = Math.floor(record.epoch - rowShare + tolerance) + 1; // in which the step began
  return join([
    position(String(epoch), record.step + 1, extent),
    describeTerms('loss', record.terms),
    ...describeRates(rates),
  ]);
}

export function evaluationLine(record: EvaluationRecord, extent: Extent, rates: Rates): string {
  const { heldOut, test } = record;
  return join([
    position(epochsDone(record), record.step, extent),
    describeTerms('loss', record.trainingMean),
    ...(heldOut === null ? [] : [`held-out ${formatTerm(heldOut['loss'] ?? NaN)}`]),
    ...(test === null ? [] : [`test ${formatTerm(test['loss'] ?? NaN)}`]),
    ...describeRates({ ...rates, samplesPerSecond: record.samplesPerSecond }),
    ...(record.improved ? ['best'] : []),
  ]);
}

const join = (parts: readonly string[]): string => parts.join(' - ');
const tolerance = 1e-9; // of epochs that are quotients

function position(epoch: string, steps: number, { stepCount, epochs }: Extent): string {
  if (epochs === null) return `step ${formatCount(steps)}/${formatCount(stepCount)}`;
  const total = formatCount(epochs);
  return `epoch ${epoch.padStart(total.length)}/${total}`;
}

/** Whole epochs at the end of one, which may overshoot by less than a step; one decimal elsewhere. */
function epochsDone({ epoch, step }: EvaluationRecord): string {
  const over = epoch + tolerance - Math.floor(epoch + tolerance);
  return over < epoch / Math.max(1, step) + tolerance
    ? String(Math.floor(epoch + tolerance))
    : epoch.toFixed(1);
}

/** `loss -12.3 (nll -25.1, kl 12.8)`. */
function describeTerms(name: string, terms: Terms): string {
  const parts = Object.entries(terms).filter(([key]) => key !== 'loss');
  const shown = parts.slice(0, shownTerms).map(([key, value]) => `${key} ${formatTerm(value)}`);
  const inside = shown.length === 0 ? '' : ` (${shown.join(', ')})`;
  return `${name} ${formatTerm(terms['loss'] ?? NaN)}${inside}`;
}

/** Small ones, such as an accuracy, keep their digits. */
const formatTerm = (value: number): string =>
  Math.abs(value) < 1 && value !== 0 ? formatNumber(value) : formatNats(value);

function describeRates({ samplesPerSecond, exchangeShare, etaSeconds }: Rates): string[] {
  return [
    ...(Number.isFinite(samplesPerSecond) ? [`${formatNumber(samplesPerSecond)} samples/s`] : []),
    ...(Number.isFinite(exchangeShare) ? [`exchange ${formatShare(exchangeShare)}`] : []),
    ...(Number.isFinite(etaSeconds) && etaSeconds > 0 ? [`eta ${formatDuration(etaSeconds)}`] : []),
  ];
}

/** The last words: what there is, where it is, and what to try next. */
export function finishedLines(summary: FinishedSummary): string[] {
  const { result, runDir, bestHeldOutLoss, seconds } = summary;
  const best = bestHeldOutLoss === null ? '' : `; best held-out loss ${formatNats(bestHeldOutLoss)} nats`;
  const done = `${plural(result.steps, 'step')} (${formatEpochs(result.epochs)} epochs)`;
  return [
    `${endings[result.stopped]} after ${done} in ${formatDuration(seconds)}${best}`,
    `everything is in ${runDir}`,
    '',
    'next:',
    ...suggestions(summary).map(([what, command]) => `  ${what.padEnd(suggestionWidth)}${command}`),
  ];
}

const endings: Readonly<Record<Ending, string>> = {
  finished: 'finished',
  early: 'stopped early, no improvement any more,',
  time: 'out of time',
  asked: 'stopped as asked',
  deserted: 'ended for want of workers',
};

const suggestionWidth = 22;

function suggestions(summary: FinishedSummary): [string, string][] {
  const { result, runDir, preset, hasReport } = summary;
  const target = quote(runDir);
  const twice = Number.isInteger(result.epochs)
    ? `--epochs ${2 * result.epochs}`
    : `--steps ${2 * result.steps}`;
  const horizon = summary.hasSchedule ? ` --schedule-steps ${2 * result.steps}` : ''; // else it stays at its end
  const isCut = result.stopped === 'asked' || result.stopped === 'deserted'; // the rest is still to come
  const length = isCut ? '' : ` ${twice}${horizon}`;
  const resume: [string, string] = ['train on', `npx lockstep train --resume ${target}${length}`];
  const report = quote(`${runDir.replace(/\/$/, '')}/report.html`);
  return [
    hasReport ? ['see curves, pictures', `open ${report}`] : ['see curves', `npx lockstep report ${target}`],
    summary.generative
      ? ['draw new pictures', `npx lockstep sample ${target}`]
      : ['judge it again', `npx lockstep evaluate ${target}`],
    resume,
    ...(preset === 'digits' && summary.generative ? [photographs] : []),
  ];
}

const photographs: [string, string] = [
  'use real photographs',
  'npx lockstep train --preset svhn --data train_32x32.mat',
];

/** A path as a shell reads it. */
const quote = (path: string): string =>
  /^[\w./@%+,:=~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

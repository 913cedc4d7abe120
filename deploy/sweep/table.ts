/** The trials of a sweep as lines of text: a table for a terminal, and one line for a trial that began or ended. */
import {
  formatCount,
  formatDuration,
  formatEpochs,
  formatNats,
  formatNumber,
  formatShare,
} from '../../shared/text.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { Budget } from './budget.ts';
import type { TrialRecord } from './sweep-file.ts';
import type { TrialProgress } from './watch-trial.ts';

/** Of the trial that runs now. */
export interface Live {
  readonly trial: string;
  readonly progress: TrialProgress | null; // null before its first step
  readonly seconds: number; // of its process
  readonly share: number | null; // done, 0 to 1; null where nobody can tell
  readonly doing?: string; // what comes after its training
}

const heads = ['trial', '', 'epoch', 'updates', 'held out', 'samples/s', 'time'] as const;
const widestBar = 12; // columns
const narrowestBar = 4; // else none
const mark: Readonly<Record<TrialRecord['state'], string>> = {
  waiting: 'waiting',
  running: 'running',
  interrupted: 'interrupted',
  finished: 'done',
  failed: 'FAILED',
};

/** Of the table, in characters. */
export interface Room {
  readonly rows?: number;
  readonly columns?: number;
}

/**
 * A head and a line a trial. In a low room: those around the first that runs, and a word on the others. In a narrow
 * one the bar is shorter, then the gaps.
 */
export function tableLines(
  trials: readonly TrialRecord[],
  lives: readonly Live[],
  room: Room = {},
): string[] {
  const { rows: most = Infinity, columns = Infinity } = room;
  const whole = linesOf(trials, lives, widestBar, '  ');
  const excess = Math.max(0, Math.max(...whole.map(({ length }) => length)) - columns);
  const shorter = linesOf(trials, lives, widestBar - excess, '  ');
  const isTight = shorter.some(({ length }) => length > columns);
  const lines = isTight ? linesOf(trials, lives, 0, ' ') : shorter;
  if (lines.length <= most) return lines;
  const shownRows = Math.max(1, most - 2); // beside the head, and the word
  const at = Math.max(
    0,
    trials.findIndex(({ trial }) => lives.some((live) => live.trial === trial)),
  );
  const first = Math.max(0, Math.min(at - Math.floor(shownRows / 2), trials.length - shownRows));
  const shown = lines.slice(1 + first, 1 + first + shownRows);
  return [lines[0]!, ...shown, `... and ${trials.length - shown.length} more trials`];
}

function linesOf(trials: readonly TrialRecord[], lives: readonly Live[], bar: number, gap: string): string[] {
  const rows = trials.map((trial) =>
    cells(trial, lives.find((live) => live.trial === trial.trial) ?? null, bar),
  );
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join(gap)
      .trimEnd(),
  );
}

function cells(trial: TrialRecord, live: Live | null, bar: number): readonly string[] {
  const epochs = live?.progress?.epoch ?? trial.epochs;
  const steps = live?.progress?.steps ?? trial.steps;
  const loss = live?.progress?.heldOutLoss ?? trial.heldOutLoss;
  const seconds = live === null ? trial.seconds : live.seconds;
  return [
    trial.trial,
    live === null ? mark[trial.state] : progressBar(live, bar),
    epochs === null ? '' : formatEpochs(epochs),
    steps === null ? '' : formatCount(steps),
    loss === null ? '' : formatNats(loss),
    trial.samplesPerSecond === null ? '' : formatNumber(trial.samplesPerSecond),
    seconds === null ? '' : formatDuration(seconds),
  ];
}

function progressBar({ share, progress, doing }: Live, bar: number): string {
  if (doing !== undefined) return doing;
  if (progress === null) return 'starting';
  if (share === null) return 'running';
  const part = Math.min(1, share);
  const percent = formatShare(part).padStart('100 %'.length);
  if (bar < narrowestBar) return percent;
  const done = Math.round(bar * part);
  return `${'='.repeat(done)}${'-'.repeat(bar - done)} ${percent}`;
}

/** Such as `trial 2/6 batch-1000-seed-1: done, epoch 36, 259 updates, held out 312.4, 3,800 samples/s, 1:12`. */
export function trialLine(trials: readonly TrialRecord[], name: string): string {
  const index = trials.findIndex(({ trial }) => trial === name);
  const trial = trials[index]!;
  const { state, epochs, steps, heldOutLoss, samplesPerSecond, seconds, problem } = trial;
  const parts = [
    mark[state],
    ...(epochs === null ? [] : [`epoch ${formatEpochs(epochs)}`]),
    ...(steps === null ? [] : [`${formatCount(steps)} updates`]),
    ...(heldOutLoss === null ? [] : [`held out ${formatNats(heldOutLoss)}`]),
    ...(samplesPerSecond === null ? [] : [`${formatNumber(samplesPerSecond)} samples/s`]),
    ...(seconds === null || state === 'running' ? [] : [formatDuration(seconds)]),
    ...(problem === null ? [] : [problem]),
  ];
  return `trial ${index + 1}/${trials.length} ${name}: ${parts.join(', ')}`;
}

/** How much of its budget a trial has used. @param seconds of its process */
export function shareDone(
  budget: Budget | null,
  config: Config,
  { steps, epoch }: TrialProgress,
  seconds: number,
): number | null {
  if (budget?.kind === 'converged') return null;
  if (budget?.kind === 'seconds') return seconds / budget.count;
  if (config.steps !== null) return steps / config.steps;
  return config.epochs === null ? null : epoch / config.epochs;
}

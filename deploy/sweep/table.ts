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
}

const heads = ['trial', '', 'epoch', 'updates', 'held out', 'samples/s', 'time'] as const;
const bar = 12; // columns
const mark: Readonly<Record<TrialRecord['state'], string>> = {
  waiting: 'waiting',
  running: 'running',
  interrupted: 'interrupted',
  finished: 'done',
  failed: 'FAILED',
};

/** A head and a line a trial. At most `most` lines: those around the first that runs, and a word on the others. */
export function tableLines(
  trials: readonly TrialRecord[],
  lives: readonly Live[],
  most = Infinity,
): string[] {
  const liveOf = (name: string): Live | null => lives.find(({ trial }) => trial === name) ?? null;
  const rows = trials.map((trial) => cells(trial, liveOf(trial.trial)));
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  if (lines.length <= most) return lines;
  const room = Math.max(1, most - 2); // the head, and the word
  const at = Math.max(
    0,
    trials.findIndex(({ trial }) => liveOf(trial) !== null),
  );
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), trials.length - room));
  const shown = lines.slice(1 + first, 1 + first + room);
  return [lines[0]!, ...shown, `... and ${trials.length - shown.length} more trials`];
}

function cells(trial: TrialRecord, live: Live | null): readonly string[] {
  const epochs = live?.progress?.epoch ?? trial.epochs;
  const steps = live?.progress?.steps ?? trial.steps;
  const loss = live?.progress?.heldOutLoss ?? trial.heldOutLoss;
  const seconds = live === null ? trial.seconds : live.seconds;
  return [
    trial.trial,
    live === null ? mark[trial.state] : progressBar(live),
    epochs === null ? '' : formatEpochs(epochs),
    steps === null ? '' : formatCount(steps),
    loss === null ? '' : formatNats(loss),
    trial.samplesPerSecond === null ? '' : formatNumber(trial.samplesPerSecond),
    seconds === null ? '' : formatDuration(seconds),
  ];
}

function progressBar({ share, progress }: Live): string {
  if (progress === null) return 'starting';
  if (share === null) return 'running';
  const done = Math.round(bar * Math.min(1, share));
  return `${'='.repeat(done)}${'-'.repeat(bar - done)} ${formatShare(Math.min(1, share))}`;
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

/**
 * Runs the trials of a sweep one after another, each with all workers, and writes down how far they are.
 *
 * A trial that made its own end, well or not (exit code 1: its loss was no number, say), is never repeated. Whatever
 * else ends one (a signal, missing data, a lost peer) ends the sweep too, with the same exit code: begun again, it
 * goes on with that very trial from its checkpoint.
 */
import { exitCodes } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Budget } from './budget.ts';
import type { SweepScreen } from './screen.ts';
import { writeSweepFile, type SweepFile, type TrialRecord } from './sweep-file.ts';
import { shareDone, type Live } from './table.ts';
import type { RunningTrial, StartTrial, TrialEnd } from './trial.ts';
import { progressOf } from './watch-trial.ts';

export interface SweepOptions {
  readonly dir: string;
  readonly sweep: SweepFile;
  readonly budget: Budget | null;
  readonly retryFailed: boolean;
  readonly start: StartTrial;
  readonly clock: Clock;
  readonly screen: SweepScreen;
  /** Comes before every write. @throws LockstepError when another process took the folder over */
  readonly assertOwned: () => void;
  /** After each trial: the page so far. */
  readonly report: () => Promise<void>;
  /** Given a function that ends the sweep; twice, at once. */
  readonly onStoppable: (stop: (signal: NodeJS.Signals) => void) => void;
}

export interface SweepEnd {
  readonly code: number; // exit code: of the first trial that failed, or of what ended the sweep
  readonly problem: string | null; // why it ended before its time
  readonly sweep: SweepFile;
}

const lookEveryMs = 1000;

export async function runSweep(options: SweepOptions): Promise<SweepEnd> {
  const { dir, screen, clock, retryFailed } = options;
  const trials = options.sweep.trials.map((trial) => ({ ...trial }));
  const sweep: SweepFile = { ...options.sweep, trials };
  let running: RunningTrial | null = null;
  let asked: NodeJS.Signals | null = null;
  const save = (): void => {
    options.assertOwned();
    writeSweepFile(dir, sweep);
  };
  options.onStoppable((signal) => {
    asked ??= signal;
    running?.stop(signal);
  });
  save();
  for (const [index, trial] of trials.entries()) {
    if (trial.state === 'finished' || (trial.state === 'failed' && !retryFailed)) continue;
    if (asked !== null) break;
    Object.assign(trial, { state: 'running', problem: null } satisfies Partial<TrialRecord>);
    save();
    screen.changed(trials, trial.trial);
    const before = trial.seconds ?? 0;
    const beganMs = clock.nowMs();
    const seconds = (): number => before + (clock.nowMs() - beganMs) / 1000;
    running = options.start(sweep.plans[index]!);
    const end = await watch(options, sweep, index, running, seconds);
    running = null;
    conclude(trial, end, seconds());
    save();
    screen.changed(trials, trial.trial);
    screen.show(trials, null, null);
    if (trial.state === 'interrupted') return { code: end.code, problem: end.problem, sweep };
    await options.report();
  }
  screen.close();
  if (asked !== null) return { code: asked === 'SIGINT' ? 130 : 143, problem: null, sweep };
  const failed = trials.some(({ state }) => state === 'failed');
  return { code: failed ? exitCodes.runFailed : exitCodes.ok, problem: null, sweep };
}

/** Shows how far a trial is until it ends. */
async function watch(
  { dir, budget, clock, screen }: SweepOptions,
  sweep: SweepFile,
  index: number,
  running: RunningTrial,
  seconds: () => number,
): Promise<TrialEnd> {
  const plan = sweep.plans[index]!;
  for (;;) {
    let cancel = (): void => undefined;
    const tick = new Promise<null>((resolve) => {
      cancel = clock.after(lookEveryMs, () => resolve(null));
    });
    const end = await Promise.race([running.ended, tick]);
    cancel();
    if (end !== null) return end;
    const progress = progressOf(`${dir}/${plan.name}`);
    const share = progress === null ? null : shareDone(budget, plan.config, progress, seconds());
    const live: Live = { trial: plan.name, progress, seconds: seconds(), share };
    screen.show(sweep.trials, live, running.pageUrl());
  }
}

/** Overwrites the record with how the trial ended. @param seconds of its process, over all sittings */
export function conclude(trial: TrialRecord, { code, summary, problem }: TrialEnd, seconds: number): void {
  trial.seconds = seconds;
  trial.problem = problem;
  if (summary === null) {
    trial.state = code === exitCodes.runFailed ? 'failed' : 'interrupted';
    return;
  }
  const { workers, epochs, steps, heldOutLoss, samplesPerSecond, parametersSha256 } = summary;
  Object.assign(trial, { workers, epochs, steps, heldOutLoss, samplesPerSecond, parametersSha256 });
  trial.state = 'finished';
}

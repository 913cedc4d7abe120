/**
 * Runs the trials of a sweep one after another, or one a box at a time, and writes down how far they are.
 *
 * A trial that made its own end, well or not (exit code 1: its loss was no number, say), is never repeated. Whatever
 * else ends one (a signal, missing data, a lost peer) ends the sweep too, with the same exit code: begun again, it
 * goes on with that very trial from its checkpoint. What is measured of a finished trial is made up for in the same way.
 */
import { exitCodes } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Budget } from './budget.ts';
import type { SweepScreen } from './screen.ts';
import type { MeasureTrial } from './sharpness.ts';
import { writeSweepFile, type SweepFile, type TrialRecord } from './sweep-file.ts';
import { shareDone, type Live } from './table.ts';
import type { RunningTrial, StartTrial, TrialEnd } from './trial.ts';
import { progressOf } from './watch-trial.ts';

export interface SweepOptions {
  readonly dir: string;
  readonly sweep: SweepFile;
  readonly budget: Budget | null;
  readonly retryFailed: boolean;
  readonly lanes?: number; // trials at a time, 1 by default
  readonly start: StartTrial;
  readonly measure: MeasureTrial | null; // the sharpness of finished trials; null: not at all
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

/** What runs, by lane. */
interface Lanes {
  readonly running: Map<number, { stop(signal: NodeJS.Signals): void }>;
  readonly lives: Map<number, Live>;
}

const lookEveryMs = 1000;

export async function runSweep(options: SweepOptions): Promise<SweepEnd> {
  const { dir, screen, clock, lanes = 1 } = options;
  const trials = options.sweep.trials.map((trial) => ({ ...trial }));
  const sweep: SweepFile = { ...options.sweep, trials };
  const active: Lanes = { running: new Map(), lives: new Map() };
  const { running, lives } = active;
  const left = [...trials.keys()].filter((index) => isDue(trials[index]!, options)).values();
  let asked: NodeJS.Signals | null = null;
  let broken: TrialEnd | null = null; // what ended the sweep before its time
  let reporting = Promise.resolve();
  const save = (): void => {
    options.assertOwned();
    writeSweepFile(dir, sweep);
  };
  const stopAll = (signal: NodeJS.Signals): void => running.forEach((trial) => trial.stop(signal));
  options.onStoppable((signal) => {
    asked ??= signal;
    stopAll(signal);
  });

  async function runTrial(lane: number, index: number): Promise<void> {
    const trial = trials[index]!;
    Object.assign(trial, { state: 'running', problem: null } satisfies Partial<TrialRecord>);
    save();
    screen.changed(trials, trial.trial);
    const before = trial.seconds ?? 0;
    const beganMs = clock.nowMs();
    const seconds = (): number => before + (clock.nowMs() - beganMs) / 1000;
    const started = options.start(sweep.plans[index]!, lane);
    running.set(lane, started);
    const end = await watch(options, sweep, index, started, seconds, (live) => {
      lives.set(lane, live);
      screen.show(trials, [...lives.values()], lanes === 1 ? started.pageUrl() : null);
    });
    running.delete(lane);
    lives.delete(lane);
    conclude(trial, end, seconds());
    save();
    screen.changed(trials, trial.trial);
    screen.show(trials, [...lives.values()], null);
    if (trial.state === 'interrupted') {
      broken ??= end;
      return stopAll('SIGTERM');
    }
  }

  async function runLane(lane: number): Promise<void> {
    for (const index of left) {
      if (asked !== null || broken !== null) return;
      const isNew = trials[index]!.state !== 'finished';
      if (isNew) await runTrial(lane, index);
      if (trials[index]!.state === 'interrupted') return;
      const isMeasured = asked === null && (await measureTrial(options, sweep, index, lane, active));
      if (isNew || isMeasured) await (reporting = reporting.then(options.report));
    }
  }

  save();
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
  const ended = broken as TrialEnd | null;
  if (ended !== null) return { code: ended.code, problem: ended.problem, sweep };
  screen.close();
  if (asked !== null) return { code: asked === 'SIGINT' ? 130 : 143, problem: null, sweep };
  const failed = trials.some(({ state }) => state === 'failed');
  return { code: failed ? exitCodes.runFailed : exitCodes.ok, problem: null, sweep };
}

/** Finished trials may have to be measured yet. */
const isDue = ({ state }: TrialRecord, { retryFailed, measure }: SweepOptions): boolean =>
  state === 'finished' ? measure !== null : state !== 'failed' || retryFailed;

/** Measures a trial that has finished. @returns whether there was anything to measure */
async function measureTrial(
  { measure, screen }: SweepOptions,
  { trials, plans }: SweepFile,
  index: number,
  lane: number,
  { running, lives }: Lanes,
): Promise<boolean> {
  const { trial, state, seconds } = trials[index]!;
  const measurement = state === 'finished' ? (measure?.(plans[index]!) ?? null) : null;
  if (measurement === null) return false;
  running.set(lane, measurement);
  lives.set(lane, { trial, progress: null, seconds: seconds ?? 0, share: null, doing: 'sharpness' });
  screen.show(trials, [...lives.values()], null);
  const line = await measurement.ended;
  running.delete(lane);
  lives.delete(lane);
  if (line !== null) screen.say(line);
  screen.show(trials, [...lives.values()], null);
  return true;
}

/** Tells how far a trial is until it ends. */
async function watch(
  { dir, budget, clock }: SweepOptions,
  sweep: SweepFile,
  index: number,
  running: RunningTrial,
  seconds: () => number,
  show: (live: Live) => void,
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
    show({ trial: plan.name, progress, seconds: seconds(), share });
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

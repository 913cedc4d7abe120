/** Runs `lockstep sweep` in this process: its folder, its trials as processes, its screen, and its report. */
import { mkdirSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { openRunData } from '../../coordinator/run-data.ts';
import { assertOwner, claimNext } from '../../coordinator/run/owner.ts';
import { LockstepError, type ExitCode } from '../../shared/errors.ts';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { cacheFolder } from '../cli/folders.ts';
import { workerCountOf } from '../cli/worker-count.ts';
import { writeSweepReport } from '../report/sweep/report.ts';
import { estimateTrials, type Estimate } from './estimate.ts';
import { estimateLines, openingLines } from './opening.ts';
import type { Requested } from './request.ts';
import { createSweepScreen, type SweepScreen } from './screen.ts';
import { runSweep, type SweepEnd } from './sweep.ts';
import { createLocalMeasurements } from './sharpness.ts';
import { sweepFileOf, type SweepFile } from './sweep-file.ts';
import { createLocalTrials } from './trial.ts';

export interface SweepFlags {
  readonly entry: string; // the command's own file
  readonly launches: readonly (readonly string[])[]; // words of launch, for each trial at a time; none for this box
  readonly httpWords: readonly string[]; // flags of the live page, for each trial
  readonly retryFailed: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** @returns the exit code. @throws LockstepError when something ended the sweep before its time */
export async function startSweep(requested: Requested, flags: SweepFlags): Promise<number> {
  const { dir } = requested;
  const screen = createStderrScreen(flags.quiet);
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const owner = { host: hostname(), pid: process.pid, startedAt: systemClock.wallTime().toISOString() };
  const incarnation = claimNext(dir, owner);
  for (const line of openingLines(requested)) if (!flags.quiet) screen.say(line);
  const say = (line: string): void => screen.say(line);
  const processes = { entry: flags.entry, environment: process.env, dir, say };
  const end = await runSweep({
    ...requested,
    retryFailed: flags.retryFailed,
    lanes: Math.max(1, flags.launches.length),
    start: createLocalTrials({
      ...processes,
      words: flags.httpWords,
      launches: flags.launches.map((words) => [...words, '--shared-file', sweepFileOf(dir)]),
    }),
    measure: requested.sweep.sharpness ? createLocalMeasurements(processes, flags.quiet) : null,
    clock: systemClock,
    screen,
    assertOwned: () => assertOwner(dir, incarnation),
    report: async () => void (await report(dir, screen)),
    onStoppable(stop) {
      process.on('SIGINT', stop).on('SIGTERM', stop);
    },
  });
  return tell(requested, end, screen, flags.json);
}

/** The page so far; trouble with it ends no sweep. */
async function report(dir: string, screen: SweepScreen): Promise<string | null> {
  try {
    return await writeSweepReport(dir);
  } catch (error) {
    screen.say(`the report could not be written: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function tell(
  { dir, sweep: { command } }: Requested,
  { code, problem, sweep }: SweepEnd,
  screen: SweepScreen,
  json: boolean,
): Promise<number> {
  const page = await report(dir, screen);
  const left = sweep.trials.filter(({ state }) => state !== 'finished' && state !== 'failed').length;
  if (left > 0) screen.say(`${left} trials are left: npx lockstep sweep --resume ${dir}`);
  if (page !== null) screen.say(`report    ${page}`);
  const seeds = new Set(sweep.trials.map(({ seed }) => seed)).size;
  if (seeds === 1 && left === 0) {
    const folder = command.includes(dir) ? '' : ` --run-dir ${dir}`;
    screen.say(`one seed shows no spread: add two more with ${command} --repeats 3${folder}`);
  }
  if (json) {
    const { trials, unit } = sweep;
    process.stdout.write(`${JSON.stringify({ runDir: dir, unit, trials, report: page })}\n`);
  }
  if (problem !== null) throw new LockstepError(problem, code as ExitCode);
  return code;
}

function createStderrScreen(quiet: boolean): SweepScreen {
  const { stderr, env } = process;
  return createSweepScreen({
    write: (text) => void stderr.write(text),
    isTerminal: stderr.isTTY && !env['CI'],
    quiet,
    columns: () => stderr.columns,
    rows: () => stderr.rows,
  });
}

/** Says what a sweep would do, and how long. Reads the data, which the first trial would do otherwise. */
export async function printEstimates(requested: Requested, json: boolean): Promise<void> {
  const estimates = await estimate(requested.sweep);
  const lines = [...openingLines(requested), '', ...estimateLines(estimates)];
  process.stderr.write(`${lines.join('\n')}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ runDir: requested.dir, estimates })}\n`);
}

async function estimate(sweep: SweepFile): Promise<Estimate[]> {
  const { config } = sweep.plans[0]!;
  const data = await openRunData(config, cacheFolder(), () => undefined);
  try {
    const { training, workload } = data;
    const evaluated = (['training', 'heldOut', 'test'] as const).map((split) =>
      workload.evaluationCount(split),
    );
    const hasGpu =
      visibleGpus(process.env).length > 0 && config.runtime !== 'cpu' && config.runtime !== 'wasm';
    return estimateTrials(sweep, {
      image: training.shape,
      trainingRows: workload.split.training.length,
      evaluationRows: evaluated.reduce((sum, count) => sum + count, 0),
      workers: workerCountOf({ ...config, workers: null }),
      cores: hasGpu ? null : availableParallelism(),
    });
  } finally {
    data.close();
  }
}

/**
 * Samples per second of whole runs, by number of workers and batch size, and what the exchange costs.
 *
 * Each figure is of a real `lockstep train` of a few steps; the first step, which warms up, is not counted, and
 * neither are set-up and evaluation. Efficiency is the rate with W workers over W times that of the smallest
 * number of workers, in the same round. On a box whose cores are fewer than W x threads it says nothing of a
 * cluster.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHistory } from '../../coordinator/run/history.ts';
import type { StepRecord } from '../../coordinator/journal.ts';
import { runError, usageError } from '../../shared/errors.ts';
import { runtimeNames } from '../../shared/model/runtime.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import { plural } from '../../shared/text.ts';
import { startChild } from '../train/child.ts';
import { defineBenchmark, type BenchContext, type BenchTable, type Figure } from './benchmark.ts';
import { alternate, derive, figure, type Series, type Side } from './rounds.ts';

interface Point {
  readonly workers: number;
  readonly batchSize: number;
}

interface Settings {
  readonly preset: string;
  readonly runtime: string;
  readonly threads: number;
  readonly steps: number;
  readonly syntheticRows: number;
}

export const scaling = defineBenchmark({
  name: 'scaling',
  describe: 'Whole runs of a few steps: samples/s and efficiency by workers and batch size',
  defaultRounds: 3,
  flags: {
    workers: { type: 'number', array: true, default: [1, 2], describe: 'numbers of workers' },
    'batch-size': { type: 'number', array: true, default: [1000, 6300], describe: 'batch sizes' },
    preset: { choices: presetNames, default: 'svhn' as const, describe: 'whose model' },
    runtime: { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' },
    threads: { type: 'number', default: 1, describe: 'CPU threads a worker' },
    'synthetic-rows': { type: 'number', default: 9000, describe: 'images of the data set' },
    steps: { type: 'number', default: 3, describe: 'of each run; the first is not counted' },
  },
  async run(context, given): Promise<BenchTable> {
    const { workers, batchSize: batchSizes, preset, runtime, threads, steps, syntheticRows } = given;
    if (!Number.isSafeInteger(steps) || steps < 2)
      throw usageError(`--steps got ${steps}, expected at least 2: the first step is not counted`);
    const points = batchSizes.flatMap((batchSize) => workers.map((count) => ({ workers: count, batchSize })));
    const settings = { preset, runtime, threads, steps, syntheticRows };
    const sides = points.map((point) => sideOf(context, settings, point));
    const series = await alternate(sides, { rounds: context.rounds, warmUps: 0, say: context.say });
    const cores = availableParallelism();
    const crowded = Math.max(...workers) * threads > cores;
    return {
      name: 'scaling',
      settings: { preset, runtime, threads, steps, 'synthetic rows': syntheticRows },
      figures: points.flatMap((point) => figuresOf(series, point, Math.min(...workers))),
      breakdowns: [],
      notes: crowded ? [`${Math.max(...workers)} workers share ${plural(cores, 'core')}.`] : [],
    };
  },
});

const nameOf = ({ workers, batchSize }: Point): string => `batch ${batchSize}, ${plural(workers, 'worker')}`;
const phases = ['compute', 'exchange', 'commit'] as const;

function sideOf(context: BenchContext, settings: Settings, point: Point): Side {
  const name = nameOf(point);
  return {
    name,
    async measure() {
      context.say(name);
      const counted = (await trainOnce(context, settings, point)).slice(1);
      const sum = (pick: (record: StepRecord) => number): number =>
        counted.reduce((total, record) => total + pick(record), 0);
      const seconds = sum((record) => record.seconds);
      const figures: Record<string, number> = { [name]: sum(({ samples }) => samples) / seconds };
      for (const phase of phases)
        figures[`${name}: ${phase}`] = (1000 * sum((record) => record.phases[phase])) / counted.length;
      return { ...figures, [`${name}: step`]: (1000 * seconds) / counted.length };
    },
  };
}

/** A run in a folder of its own, which is removed. @returns its steps */
async function trainOnce(
  { entry, say }: BenchContext,
  { preset, runtime, threads, steps, syntheticRows }: Settings,
  { workers, batchSize }: Point,
): Promise<StepRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const runDir = join(folder, 'run');
  const flags = {
    preset,
    runtime,
    threads,
    steps,
    workers,
    'batch-size': batchSize,
    data: 'synthetic',
    'synthetic-rows': syntheticRows,
    'statistics-rows': 500,
    'evaluation-rows': 500,
    'picture-every': 0,
    'stop-on': 'none',
    'run-dir': runDir,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const lines: string[] = [];
  try {
    const child = startChild({
      entry,
      args: ['train', ...args, '--json', '--quiet', '--allow-cpu'],
      environment: process.env,
      output: (line) => void lines.push(line),
      onMessage: () => {},
    });
    const { code } = await child.exited;
    if (code !== 0) throw runError(`lockstep train ended with exit code ${code}: ${lines.at(-1) ?? ''}`);
    return readHistory(runDir);
  } catch (error) {
    lines.forEach(say);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figuresOf(series: Series, point: Point, fewest: number): Figure[] {
  const name = nameOf(point);
  const of = (what: string): readonly number[] => series[what] ?? [];
  const base = nameOf({ ...point, workers: fewest });
  const scale = point.workers / fewest;
  const efficiency = derive([of(name), of(base)], (rate, single) => rate! / (scale * single!));
  return [
    figure(name, 'samples/s', of(name)),
    ...(point.workers === fewest ? [] : [figure('  efficiency', 'share', efficiency)]),
    figure('  step', 'ms', of(`${name}: step`)),
    ...phases.map((phase) => figure(`    ${phase}`, 'ms', of(`${name}: ${phase}`))),
  ];
}

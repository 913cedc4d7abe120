/**
 * Samples per second of whole runs, by number of workers and batch size, and what the exchange costs.
 *
 * Each figure is of a real run of a few steps; the first step, which warms up, is not counted, and neither are
 * set-up and evaluation. With `--link-rate` the workers are in a box of their own, a network namespace, behind a
 * link of that rate. Efficiency is the rate with W workers over W times that of the smallest number of workers,
 * over the same link in the same round. Where W x threads are more than the cores it says nothing of a cluster.
 *
 * Beside each rate stands what `lockstep plan` makes of the rates of a gradient and of an exchange over loopback,
 * measured in the same round, and how far off it is.
 */
import { availableParallelism } from 'node:os';
import type { StepRecord } from '../../coordinator/journal.ts';
import { usageError } from '../../shared/errors.ts';
import { runtimeNames } from '../../shared/model/runtime.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import { plural } from '../../shared/text.ts';
import { parseLinkRate, type LinkRate } from '../plan/link-rate.ts';
import { cleanUpOnSignals } from '../setup/process.mjs';
import { defineBenchmark, type BenchContext, type BenchTable, type Figure } from './benchmark.ts';
import { alternate, atMost, derive, figure, type Series, type Side } from './rounds.ts';
import { requireBoxes } from './scaling/boxes.ts';
import { calibrate } from './scaling/calibrate.ts';
import { configOf, planned } from './scaling/planned.ts';
import { nameOf, pointsOf, type Point, type Settings } from './scaling/point.ts';
import { trainOnce } from './scaling/train-once.ts';

export const scaling = defineBenchmark({
  name: 'scaling',
  describe: 'Whole runs of a few steps: samples/s and efficiency by workers, batch size and link',
  defaultRounds: 1,
  example: ['--workers 1 2 --batch-size 1000 6300', 'four runs of a few steps'],
  flags: {
    workers: { type: 'number', array: true, default: [1, 2], describe: 'numbers of workers' },
    'batch-size': { type: 'number', array: true, default: [1000, 6300], describe: 'batch sizes' },
    'micro-batch-size': {
      type: 'number',
      describe: 'of all runs',
      defaultDescription: 'at most 500, one for each worker',
    },
    'link-rate': {
      type: 'string',
      array: true,
      describe:
        'such as 1gbit,10gbit: workers behind such a link, in a network namespace (root); none: no link',
      defaultDescription: 'none',
    },
    preset: { choices: presetNames, default: 'svhn' as const, describe: 'whose model' },
    width: { type: 'number', describe: 'units of its hidden layers', defaultDescription: "the preset's" },
    runtime: { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' },
    threads: { type: 'number', default: 1, describe: 'CPU threads a worker' },
    'synthetic-rows': { type: 'number', default: 9000, describe: 'images of the data set' },
    steps: { type: 'number', default: 3, describe: 'of each run; the first is not counted' },
    plan: {
      type: 'boolean',
      default: true,
      describe: 'measure rates too, and hold the plan against each run',
    },
  },
  async run(context, given): Promise<BenchTable> {
    const { preset, runtime, threads, steps, syntheticRows, width = null } = given;
    if (!Number.isSafeInteger(steps) || steps < 2)
      throw usageError(`--steps got ${steps}, expected at least 2: the first step is not counted`);
    const links = linksOf(given.linkRate);
    const points = pointsOf(given.workers, given.batchSize, links, given.microBatchSize);
    if (links.some((link) => link !== null)) requireBoxes();
    const settings: Settings = { preset, runtime, threads, steps, syntheticRows, width };
    const giveSignalsBack = cleanUpOnSignals();
    try {
      const sides = given.plan
        ? sidesBesidePlan(context, settings, points)
        : points.map((point) => sideOf(context, settings, point));
      const series = await alternate(sides, { rounds: context.rounds, warmUps: 0, say: context.say });
      return tableOf(settings, points, series);
    } finally {
      giveSignalsBack();
    }
  },
});

/** @param given texts that may hold several, with commas. @throws LockstepError (64) */
function linksOf(given: readonly string[] = []): (LinkRate | null)[] {
  const texts = given.flatMap((text) => text.split(','));
  return texts.length === 0 ? [null] : texts.map((text) => (text === 'none' ? null : parseLinkRate(text)));
}

function tableOf(settings: Settings, points: readonly Point[], series: Series): BenchTable {
  const { preset, runtime, threads, steps, syntheticRows, width } = settings;
  const workers = points.map((point) => point.workers);
  const most = Math.max(...workers);
  const cores = availableParallelism();
  const units = points.map((point) => `${point.microBatchSize} of ${point.batchSize}`);
  return {
    name: 'scaling',
    settings: {
      preset,
      ...(width !== null && { width }),
      'micro-batch': [...new Set(units)].join(' and '),
      runtime,
      threads,
      steps,
      'synthetic rows': syntheticRows,
    },
    figures: points.flatMap((point) => figuresOf(series, point, Math.min(...workers))),
    breakdowns: [],
    notes: most * threads > cores ? [`${plural(most, 'worker')} share ${plural(cores, 'core')}.`] : [],
  };
}

const barOfPlan = 0.2;
const phases = ['parameters', 'compute', 'exchange', 'commit'] as const;

/** For each micro-batch size the rates, then the runs, which are held against them; one order in all rounds. */
function sidesBesidePlan(context: BenchContext, settings: Settings, points: readonly Point[]): Side[] {
  const kindOf = ({ microBatchSize, link }: Point): string => `${microBatchSize} ${link === null}`;
  return [...new Set(points.map(kindOf))].map((kind) => {
    const runs = points.filter((point) => kindOf(point) === kind);
    const { microBatchSize: unit, link } = runs[0]!;
    const sides = runs.map((point) => sideOf(context, settings, point));
    return {
      name: `micro-batch ${kind}`,
      async measure(round) {
        context.say(`a gradient of ${unit} rows, and an exchange over loopback`);
        const ratesFor = await calibrate(
          context,
          settings,
          configOf(settings, runs[0]!),
          unit,
          runs.map(({ workers }) => workers),
          link === null,
        );
        const figures: Record<string, number> = {};
        for (const [index, side] of sides.entries()) {
          const point = runs[index]!;
          Object.assign(figures, await side.measure(round));
          figures[`${nameOf(point)}: plan`] = planned(
            settings,
            point,
            ratesFor(point.workers),
          ).samplesPerSecond;
        }
        return figures;
      },
    };
  });
}

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

function figuresOf(series: Series, point: Point, fewest: number): Figure[] {
  const name = nameOf(point);
  const of = (what: string): readonly number[] => series[what] ?? [];
  const base = nameOf({ ...point, workers: fewest });
  const scale = point.workers / fewest;
  const efficiency = derive([of(name), of(base)], (rate, single) => rate! / (scale * single!));
  return [
    figure(name, 'samples/s', of(name)),
    ...(point.workers === fewest ? [] : [figure('  efficiency', 'share', efficiency)]),
    ...planFigures(of(`${name}: plan`), of(name)),
    figure('  step', 'ms', of(`${name}: step`)),
    ...phases.map((phase) => figure(`    ${phase}`, 'ms', of(`${name}: ${phase}`))),
  ];
}

/** How far off the plan is, of what was measured. */
function planFigures(plan: readonly number[], rate: readonly number[]): Figure[] {
  if (plan.length === 0) return [];
  const offBy = derive([plan, rate], (said, was) => Math.abs(said! / was! - 1));
  return [figure('  plan', 'samples/s', plan), figure('  plan is off by', 'share', offBy, atMost(barOfPlan))];
}

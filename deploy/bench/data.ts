/**
 * Data on its way to a gradient: reading a compressed `.mat`, random rows from the row cache, and the projection
 * onto principal components, which is done anew for every micro-batch.
 *
 * The reader is held against inflating the same bytes and nothing else; rows and projection against the
 * gradient that they are for.
 */
import type { CachedDataset } from '../../shared/data/row-cache.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import { openDataset } from '../../shared/data/open.ts';
import { streamOf, wordsOf } from '../../shared/math/philox.ts';
import { runtimeNames } from '../../shared/model/runtime.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import { defineBenchmark, type BenchContext, type BenchTable, type Figure } from './benchmark.ts';
import { startPart, type Part } from './part.ts';
import type { GradientOptions } from './parts/gradient.ts';
import type { MatOptions } from './parts/read-mat.ts';
import { alternate, atLeast, atMost, derive, figure, ratio, type Series, type Side } from './rounds.ts';
import { syntheticMat } from './synthetic-mat.ts';

const bars = { megabytesPerSecond: 150, residentMegabytes: 150, projectionShare: 0.02 };

export const data = defineBenchmark({
  name: 'data',
  describe: 'Reading a compressed .mat, random rows, and the projection as shares of a gradient',
  example: ['--rows 10000', 'with a smaller file'],
  flags: {
    rows: { type: 'number', default: 40_000, describe: 'images in the .mat, which is made once' },
    preset: { choices: presetNames, default: 'svhn' as const, describe: 'whose model and components' },
    runtime: { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' },
    threads: { type: 'number', default: 1, describe: 'CPU threads' },
    'micro-batch-size': { type: 'number', default: 500, describe: 'rows of a gradient' },
  },
  async run(context, given): Promise<BenchTable> {
    const { cacheFolder, rounds, say } = context;
    const { rows, preset, runtime, threads, microBatchSize } = given;
    const path = await syntheticMat(context, rows);
    const dataset = await openDataset([path], { cacheDir: cacheFolder });
    say('starting a worker');
    const options: GradientOptions = { preset, runtime, threads, microBatchSize };
    const worker = await startPart(context, 'gradient', options);
    try {
      const sides = [
        readerSide(context, path),
        rowsSide(context, dataset, microBatchSize),
        workerSide(worker, 'projection'),
        workerSide(worker, 'gradient'),
      ];
      const series = await alternate(sides, { rounds, say });
      const settings = { rows, 'MB of pixels': Math.round((rows * rowLength(dataset.shape)) / 1e6) };
      return {
        name: 'data',
        settings: { ...settings, preset, 'micro-batch': microBatchSize },
        figures: figuresOf(series),
        breakdowns: [],
        notes: ['The .mat is synthetic street digits; its pages and those of the row cache are in memory.'],
      };
    } finally {
      await worker.end();
      dataset.close();
    }
  },
});

/** A new process each time, whose peak is that of reading alone. */
function readerSide(context: BenchContext, path: string): Side {
  return {
    name: 'reader',
    async measure() {
      const reader = await startPart(context, 'read-mat', { path } satisfies MatOptions);
      try {
        const read = await reader.ask<number>('read');
        const peak = (await reader.ask<number>('peak')) / 1e6;
        return { read, peak, inflate: await reader.ask<number>('inflate') };
      } finally {
        await reader.end();
      }
    },
  };
}

/** The rows of one micro-batch, at random. */
function rowsSide({ clock }: BenchContext, dataset: CachedDataset, count: number): Side {
  const word = wordsOf(1, streamOf('training'));
  const out = new Uint8Array(count * rowLength(dataset.shape));
  return {
    name: 'rows',
    measure() {
      const indices = Uint32Array.from({ length: count }, () => word() % dataset.rowCount);
      const beganMs = clock.nowMs();
      dataset.readRows(indices, out);
      const rows = clock.nowMs() - beganMs;
      return { rows, rowRate: out.length / 1e3 / rows };
    },
  };
}

const workerSide = (worker: Part, question: string): Side => ({
  name: question,
  measure: async () => ({ [question]: await worker.ask<number>(question) }),
});

function figuresOf(series: Series): Figure[] {
  const of = (name: string): readonly number[] => series[name] ?? [];
  const share = (name: string): number[] =>
    derive([of(name), of('gradient')], (part, whole) => part! / whole!);
  return [
    figure('compressed .mat, pixels', 'MB/s', of('read'), atLeast(bars.megabytesPerSecond)),
    figure('  inflating it alone', 'MB/s', of('inflate')),
    ratio('  of inflating', of('read'), of('inflate')),
    figure('  resident, at most', 'MB', of('peak'), atMost(bars.residentMegabytes)),
    figure('random rows of a micro-batch', 'MB/s', of('rowRate')),
    figure('  of its gradient', 'share', share('rows')),
    figure('projection of a micro-batch', 'ms', of('projection')),
    figure('its gradient', 'ms', of('gradient')),
    figure('  projection of gradient', 'share', share('projection'), atMost(bars.projectionShare)),
  ];
}

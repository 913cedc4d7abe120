/**
 * One worker's gradient against its roofline: the time of the step's matrix products alone.
 *
 * Products are recorded in a gradient (shapes, transposes and the operation that computes them) and run again
 * without anything between them, in the same process, in alternation with whole gradients. What is left is
 * everything else: normalisation, activations, masks, the loss, JavaScript, and reading the gradient back.
 */
import type { BenchTable, Breakdown } from './benchmark.ts';
import { defineBenchmark } from './benchmark.ts';
import { startPart, type Part } from './part.ts';
import type { GradientFacts, GradientOptions, GradientProfile } from './parts/gradient.ts';
import { alternate, atLeast, derive, figure } from './rounds.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import { runtimeNames } from '../../shared/model/runtime.ts';

const barOfRoofline = 0.88;

export const step = defineBenchmark({
  name: 'step',
  describe: "One worker's gradient against the time of its matrix products alone; by operation and phase",
  example: ['--micro-batch-size 450 --threads 2', 'another unit of work, on two threads'],
  flags: {
    preset: { choices: presetNames, default: 'svhn' as const, describe: 'whose model' },
    runtime: { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' },
    threads: { type: 'number', default: 1, describe: 'CPU threads' },
    'micro-batch-size': { type: 'number', default: 500, describe: 'rows of the gradient' },
  },
  async run(context, given): Promise<BenchTable> {
    const { rounds, say } = context;
    const { preset, runtime, threads, microBatchSize } = given;
    say('starting a worker');
    const options: GradientOptions = { preset, runtime, threads, microBatchSize };
    const worker = await startPart(context, 'gradient', options);
    try {
      const facts = await worker.ask<GradientFacts>('facts');
      const series = await alternate([sideOf(worker, 'gradient'), sideOf(worker, 'products')], {
        rounds,
        say,
      });
      const [gradient, products] = [series['gradient'] ?? [], series['products'] ?? []];
      say('a gradient, operation by operation');
      const profile = await worker.ask<GradientProfile>('profile');
      const { fingerprint, parameterCount, productGflop } = facts;
      return {
        name: 'step',
        settings: {
          preset,
          parameters: parameterCount,
          'micro-batch': microBatchSize,
          threads: fingerprint.threads,
          runtime: `${fingerprint.backend} (${fingerprint.version})`,
        },
        figures: [
          figure('gradient, read back', 'ms', gradient),
          figure(
            '  samples',
            'samples/s',
            gradient.map((ms) => (microBatchSize / ms) * 1000),
          ),
          figure('its matrix products alone', 'ms', products),
          figure(
            '  rate',
            'GFLOPS',
            products.map((ms) => (productGflop / ms) * 1000),
          ),
          figure(
            'share of the roofline',
            'share',
            derive([products, gradient], (alone, whole) => alone! / whole!),
            atLeast(barOfRoofline),
          ),
        ],
        breakdowns: breakdownsOf(profile),
        notes: [`${facts.productCount} products, ${productGflop.toFixed(1)} GFLOP a gradient.`],
      };
    } finally {
      await worker.end();
    }
  },
});

const sideOf = (worker: Part, question: string) => ({
  name: question,
  measure: async () => ({ [question]: await worker.ask<number>(question) }),
});

const shareOf = (ms: number, whole: number): string => `${((100 * ms) / whole).toFixed(1)} %`;

function breakdownsOf({ operations, phases, ms: whole }: GradientProfile): Breakdown[] {
  const between = whole - phases.reading - operations.reduce((sum, { ms }) => sum + ms, 0);
  const rows = operations.map(({ name, count, ms }) => [name, count, ms, shareOf(ms, whole)]);
  return [
    {
      title: 'One gradient by operation',
      columns: ['operation', 'count', 'ms', 'share'],
      rows: [
        ...rows,
        ['reading back', '', phases.reading, shareOf(phases.reading, whole)],
        ['between operations', '', between, shareOf(between, whole)],
      ],
    },
    {
      title: 'The same by phase (forward and backward without reading back)',
      columns: ['phase', 'ms', 'share'],
      rows: Object.entries(phases).map(([phase, ms]) => [phase, ms, shareOf(ms, whole)]),
    },
  ];
}

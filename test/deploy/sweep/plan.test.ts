import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAxes } from '../../../deploy/sweep/axes.ts';
import { planSweep, type SweepRequest } from '../../../deploy/sweep/plan.ts';
import { trainWords } from '../../../deploy/sweep/words.ts';
import { loadConfig } from '../../../shared/runtime/load-config.ts';

type Flags = Parameters<typeof readAxes>[0];

const plan = (flags: Flags, options: Partial<SweepRequest> = {}) =>
  planSweep({
    ...readAxes(flags),
    listed: null,
    rules: ['none'],
    repeats: null,
    control: true,
    load: (each) => loadConfig({ flags: each, environment: {}, file: null, preset: null }),
    ...options,
  });

const names = (flags: Flags, options?: Partial<SweepRequest>): string[] =>
  plan(flags, options).trials.map(({ name }) => name);

test('all trials but the control have one unit, that of the design', () => {
  for (const [sizes, unit] of [
    ['100,1000', 50],
    ['1000,6300', 100],
  ] as const) {
    const { trials, unit: found } = plan({ batchSize: sizes });
    assert.equal(found, unit);
    for (const { config, isControl } of trials) assert.equal(config.microBatchSize === unit, !isControl);
    assert.equal(trials.filter(({ isControl }) => isControl).length, 1);
  }
});

test('a micro-batch that somebody asked for is the unit, and several of them are an axis without control', () => {
  assert.equal(plan({ batchSize: '200,400', microBatchSize: '20' }).unit, 20);
  const varied = plan({ batchSize: '200', microBatchSize: '20,100' });
  assert.equal(varied.unit, null);
  assert.deepEqual(
    varied.trials.map(({ config }) => config.microBatchSize),
    [20, 100],
  );
});

test('every seed sees every size before the next begins', () => {
  assert.deepEqual(names({ batchSize: '100,200', seed: '7' }, { repeats: 2, control: false }), [
    'batch-100-seed-7',
    'batch-200-seed-7',
    'batch-100-seed-8',
    'batch-200-seed-8',
  ]);
});

test('rules that agree at the smallest batch are one trial there', () => {
  const { trials } = plan({ batchSize: '100,400' }, { rules: ['none', 'sqrt', 'linear'], control: false });
  assert.deepEqual(
    trials.map(({ name, config }) => `${name} ${config.learningRate}`),
    [
      'batch-100-seed-1 0.001',
      'batch-400-seed-1 0.001',
      'batch-400-sqrt-seed-1 0.002',
      'batch-400-linear-seed-1 0.004',
    ],
  );
});

test('any field can vary, and names say what does', () => {
  const found = names({ batchSize: '100', components: 'none,50', workers: '1,2' }, { control: false });
  assert.deepEqual(found.sort(), [
    'batch-100-components-50-workers-1-seed-1',
    'batch-100-components-50-workers-2-seed-1',
    'batch-100-components-none-workers-1-seed-1',
    'batch-100-components-none-workers-2-seed-1',
  ]);
});

test('listed trials stand for themselves', () => {
  const listed = [new Map([['batchSize', '100'] as const]), new Map([['batchSize', '300'] as const])];
  assert.deepEqual(names({ width: '64' }, { listed, control: false }), [
    'batch-100-seed-1',
    'batch-300-seed-1',
  ]);
});

test('repeats and a list of seeds exclude each other', () => {
  assert.throws(() => plan({ seed: '1,2' }, { repeats: 2 }), { exitCode: 64, message: /--repeats/ });
  assert.equal(plan({ seed: '1,2', batchSize: '100' }, { control: false }).trials.length, 2);
});

test('the words of a trial come to its very configuration', () => {
  const flags = { batchSize: '100,1000', components: 'none', whiten: 'false', steps: '7', clipNorm: '0.5' };
  for (const { preset, config } of plan(flags, { repeats: 2 }).trials) {
    const words = trainWords(preset, config);
    const given: Record<string, string> = {};
    for (let index = 2; index < words.length; index += 2) {
      const field = words[index]!.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      given[field] = words[index + 1]!;
    }
    const { fixed } = readAxes(given);
    const loaded = loadConfig({ flags: fixed, environment: {}, file: null, preset: words[1]! });
    assert.deepEqual(loaded.config, config);
  }
});

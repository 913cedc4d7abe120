import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from '../../../deploy/bench/step.ts';
import { benchContext, positiveFigure } from '../../support/bench.ts';

test('a small gradient is held against its own products, and every millisecond has a place', async () => {
  const given = { preset: 'digits', runtime: 'wasm', threads: 1, microBatchSize: 10 } as const;
  const table = await step.run(benchContext(), given);
  const share = positiveFigure(table, 'share of the roofline');
  assert.ok(
    share.values.every((value) => value < 2),
    'products are a part of the gradient, but for noise',
  );
  assert.match(table.notes.join(), /^\d+ products, 0\.\d GFLOP/);
  const [operations, phases] = table.breakdowns;
  const total = (rows: readonly (readonly (string | number)[])[], column: number): number =>
    rows.reduce((sum, row) => sum + Number(row[column]), 0);
  const [byOperation, byPhase] = [total(operations!.rows, 2), total(phases!.rows, 1)];
  assert.ok(Math.abs(byOperation - byPhase) < 1e-6 * byPhase, `${byOperation} ms and ${byPhase} ms`);
  assert.ok(operations!.rows.some(([name]) => /MatMul/.test(String(name))));
});

test('what a part cannot do is told by the benchmark, and its process ends', async () => {
  process.env['VK_DRIVER_FILES'] = '/there/is/no/driver';
  const given = { preset: 'digits', runtime: 'webgpu', threads: 1, microBatchSize: 10 } as const;
  await assert.rejects(step.run(benchContext(), given), /gradient: .*WebGPU finds no device/s);
});

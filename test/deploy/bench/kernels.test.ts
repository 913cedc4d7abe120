import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernels } from '../../../deploy/bench/kernels.ts';
import { benchContext, positiveFigure } from '../../support/bench.ts';

test('every kernel has a rate and a ratio to memcpy, over arrays that end within a chunk', async () => {
  const table = await kernels.run(benchContext(), { parameters: 1_100_000 });
  for (const name of ['memcpy, read and written', 'add', 'Adam', 'CRC-32', 'dropout mask'])
    positiveFigure(table, name);
  const ratios = table.figures.filter(({ unit }) => unit === 'ratio');
  assert.ok(ratios.every(({ values, bar }) => values[0]! > 0 && bar?.kind === 'atLeast'));
  assert.equal(table.figures.length, 2 * ratios.length + 1);
});

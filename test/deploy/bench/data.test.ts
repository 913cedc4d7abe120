import { test } from 'node:test';
import { data } from '../../../deploy/bench/data.ts';
import { benchContext, positiveFigure } from '../../support/bench.ts';

test('a small .mat is made, read and inflated; rows and projection are shares of a gradient', async () => {
  const given = { rows: 60, preset: 'digits', runtime: 'wasm', threads: 1, microBatchSize: 10 } as const;
  const table = await data.run(benchContext(), given);
  for (const name of ['compressed .mat, pixels', 'inflating it alone', 'resident, at most'])
    positiveFigure(table, name);
  for (const name of ['random rows of a micro-batch', 'of its gradient', 'projection of gradient'])
    positiveFigure(table, name);
});

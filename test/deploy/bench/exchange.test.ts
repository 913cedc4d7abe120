import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange } from '../../../deploy/bench/exchange.ts';
import { benchContext, positiveFigure } from '../../support/bench.ts';

test('real processes exchange three chunks, and phases make up the whole', async () => {
  const table = await exchange.run(benchContext(2), {
    parameters: 3_000_000,
    workers: 2,
    reducers: 2,
    wire: 'float32',
    curve: false,
  });
  assert.equal(table.settings['MB moved'], 48);
  const whole = positiveFigure(table, 'exchange').values;
  const parts = [
    'tasks told, gradients finished',
    'the rest of the sum',
    'Adam',
    'parameters to all workers',
  ];
  whole.forEach((ms, round) => {
    const sum = parts.reduce((total, name) => {
      return total + table.figures.find((figure) => figure.name.trim() === name)!.values[round]!;
    }, 0);
    assert.ok(sum <= ms * 1.001, `${sum} of ${ms} ms`);
  });
  positiveFigure(table, 'exchange, in memcpys');
});

test('on a bfloat16 wire a quarter less is moved, and every round stands beside one in float32', async () => {
  const table = await exchange.run(benchContext(2), {
    parameters: 1_500_000,
    workers: 2,
    reducers: 1,
    wire: 'bfloat16',
    curve: false,
  });
  assert.equal(table.settings['MB moved'], 18);
  const [whole, other] = ['exchange', 'exchange on a float32 wire'].map((name) =>
    positiveFigure(table, name),
  );
  const gain = positiveFigure(table, 'gain of bfloat16: float32 over it');
  assert.deepEqual(
    gain.values,
    other!.values.map((ms, round) => ms / whole!.values[round]!),
  );
});

test('an encrypted exchange stands beside one in the clear, each with what the plan takes from it', async () => {
  const table = await exchange.run(benchContext(2), {
    parameters: 1_500_000,
    workers: 2,
    reducers: 1,
    wire: 'float32',
    curve: true,
  });
  assert.equal(table.settings['sockets'], 'alone');
  const [clear, curve] = ['exchange', 'exchange with CURVE'].map((name) => positiveFigure(table, name));
  const share = positiveFigure(table, 'with CURVE, in those in the clear');
  assert.deepEqual(
    share.values,
    curve!.values.map((ms, round) => ms / clear!.values[round]!),
  );
  const names = table.figures.map(({ name }) => name.trim());
  for (const phase of ['the rest of the sum', 'parameters to all workers'])
    for (const name of [phase, `${phase}, with CURVE`]) assert.ok(names.includes(name), name);
});

/** Output distributions where formulas are easily wrong: at the variance's floor, far out, in their penalty. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLayout } from '../../../shared/math/layout.ts';
import type { Output } from '../../../shared/model/model.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { modelSettingsSchema, type ModelSettings } from '../../../shared/model/settings.ts';
import { createOutputLayer, type OutputLayer } from '../../../shared/model/vae/output.ts';
import { varianceHeadOf } from '../../../shared/model/vae/variants.ts';
import { golden, relativeError } from '../../support/golden-vae.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

function outputLayer(changes: Partial<ModelSettings>, hiddenSize: number, featureCount: number): OutputLayer {
  const settings = modelSettingsSchema.parse(changes);
  return createOutputLayer(settings, varianceHeadOf(settings, true), hiddenSize, featureCount);
}

/** The output whose mean layer has kernel 0 and these biases, all other parameters 0, for one row. */
function outputAt(changes: Partial<ModelSettings>, biases: readonly number[]): Output {
  const layer = outputLayer(changes, 1, biases.length);
  const statistics = layer.architecture.statistics.map(({ name, size }) => [
    name,
    { mean: tf.zeros([size]), variance: tf.ones([size]) },
  ]);
  const parameters = layer.architecture.parameters.map(({ name, shape }) => [
    name,
    name === 'decoder/mean/bias' ? tf.tensor1d([...biases]) : tf.zeros([...shape]),
  ]);
  return layer.apply(
    {
      kind: 'evaluation',
      parameters: Object.fromEntries(parameters) as Record<string, tf.Tensor>,
      statistics: Object.fromEntries(statistics) as Record<
        string,
        { mean: tf.Tensor1D; variance: tf.Tensor1D }
      >,
    },
    tf.ones([1, 1]),
  );
}

const nllOf = (output: Output, rows: readonly number[]): number =>
  output.negativeLogLikelihood(tf.tensor2d([[...rows]])).dataSync()[0]!;

test('a perfect mean at the floor of the variance costs -691.8 nats at K = 500, and -925.5 at K = 1000', () =>
  tf.tidy(() => {
    for (const [componentCount, varianceFloor, nats] of [
      [500, 0.01, -691.8],
      [1000, 0.025, -925.5],
    ] as const) {
      const mean = Array<number>(componentCount).fill(0.25);
      const nll = nllOf(outputAt({ varianceFloor }, mean), mean);
      assert.ok(Math.abs(nll - nats) < 0.05, `${nll} nats`);
    }
  }));

test('a fixed variance of 1 gives half the squared error, and a constant', () =>
  tf.tidy(() => {
    const nll = nllOf(outputAt({ likelihood: 'fixedVariance' }, [1, 2, 3]), [0, 0, 0]);
    assert.ok(Math.abs(nll - (14 / 2 + 1.5 * Math.log(2 * Math.PI))) < 1e-5);
  }));

test('Bernoulli neither overflows nor loses its sign at logits of 200', () =>
  tf.tidy(() => {
    const output = outputAt({ likelihood: 'bernoulli' }, [200, -200, 200, -200]);
    assert.equal(nllOf(output, [1, 0, 1, 0]), 0);
    assert.equal(nllOf(output, [0, 0, 0.5, 1]), 200 + 100 + 200);
  }));

test('draws of Bernoulli are 1 as often as its mean says', () =>
  tf.tidy(() => {
    const count = 20_000;
    const output = outputAt({ likelihood: 'bernoulli' }, Array<number>(count).fill(-1));
    const noise = tf.randomNormal([1, count], 0, 1, 'float32', 3) as tf.Tensor2D;
    const draws = output.sample(noise).dataSync<'float32'>();
    assert.ok(draws.every((value) => value === 0 || value === 1));
    const probability = 1 / (1 + Math.E);
    const ones = draws.reduce((sum, value) => sum + value, 0);
    const deviation = Math.sqrt(count * probability * (1 - probability));
    assert.ok(Math.abs(ones - count * probability) < 5 * deviation, `${ones} of ${count}`);
  }));

test('only the output weights of logVariance carry a penalty, and c |W|^2 is what PyTorch says', () => {
  const { coefficient, penalty, gradient } = golden.l2;
  const { architecture } = outputLayer({ likelihood: 'logVariance', varianceL2: coefficient }, 5, 7);
  const entries = createLayout(architecture.parameters).trained.filter(({ l2 }) => l2 !== undefined);
  assert.deepEqual(
    entries.map(({ name, l2 }) => [name, l2]),
    [['decoder/variance/output/kernel', coefficient]],
  );
  const weights = golden.architectures['deep']!.parameters1024['decoder/variance/output/kernel']!.map(
    (value) => value / 1024,
  );
  const c = entries[0]!.l2!;
  assert.ok(relativeError([c * weights.reduce((sum, w) => sum + w * w, 0)], [penalty]) < 1e-9);
  assert.ok(
    relativeError(
      weights.map((w) => 2 * c * w),
      gradient,
    ) < 1e-9,
  );
  for (const likelihood of ['variance', 'fixedVariance'] as const) {
    const others = outputLayer({ likelihood }, 5, 7).architecture.parameters;
    assert.ok(others.every(({ l2 }) => l2 === undefined));
  }
});

test('the output weights of logVariance start small', () => {
  const { parameters } = outputLayer({ likelihood: 'logVariance' }, 5, 7).architecture;
  const output = parameters.find(({ name }) => name === 'decoder/variance/output/kernel')!;
  assert.deepEqual(output.initialiser, { kind: 'normal', deviation: 0.001 });
});

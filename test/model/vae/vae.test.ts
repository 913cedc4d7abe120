/**
 * The autoencoder on the plain backend: PyTorch's row-by-row numbers, finite differences, and what its
 * settings mean. (Its losses and gradients are held against PyTorch on every runtime: runtimes/*.test.ts.)
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLayout } from '../../../shared/math/layout.ts';
import type { EvaluationMode, TrainingMode } from '../../../shared/model/model.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { golden, loadCase, relativeError, runCase, type GoldenCase } from '../../support/golden-vae.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

const caseNamed = (name: string): GoldenCase => golden.cases.find((other) => other.name === name)!;
const evaluated = golden.cases.filter(({ mode }) => mode === 'evaluation');
const trained = golden.cases.filter(({ mode }) => mode === 'training');

for (const goldenCase of evaluated) {
  test(`posterior, densities and output of each row are PyTorch's: ${goldenCase.name}`, () =>
    tf.tidy(() => {
      const { model, named, trained, rows, noise, outputNoise, mode } = loadCase(goldenCase);
      const { encode, decode } = model.generative!;
      const posterior = encode(named(trained), rows, mode as EvaluationMode);
      const latents = posterior.sample(noise);
      const output = decode(named(trained), latents, mode as EvaluationMode);
      const actual: Record<string, tf.Tensor> = {
        posteriorMean: posterior.mean,
        posteriorLogVariance: posterior.logVariance,
        latents,
        logDensity: posterior.logDensity(noise),
        outputMean: output.mean(),
        outputVariance: output.variance(),
        negativeLogLikelihood: output.negativeLogLikelihood(rows),
        outputDraw: output.sample(outputNoise),
      };
      for (const [name, tensor] of Object.entries(actual)) {
        const error = relativeError(tensor.dataSync(), goldenCase.pieces![name]!);
        assert.ok(error < 1e-5, `${name}: relative error ${error}`);
      }
    }));
}

for (const goldenCase of trained) {
  test(`batch norm sees PyTorch's means and biased variances: ${goldenCase.name}`, () =>
    tf.tidy(() => {
      const { model, named, trained, rows, draws } = loadCase(goldenCase);
      const seen = new Map<string, { mean: number[]; variance: number[] }>();
      const mode: TrainingMode = {
        kind: 'training',
        observe: (name, mean, variance) =>
          seen.set(name, { mean: [...mean.dataSync()], variance: [...variance.dataSync()] }),
      };
      model.lossSum(named(trained), { rows, labels: null }, draws(), mode, { klWeight: 1 });
      assert.deepEqual(
        [...seen.keys()].sort(),
        model.statistics.map(({ name }) => name).sort(),
        'every layer is observed',
      );
      for (const [name, { mean, variance }] of seen) {
        const expected = goldenCase.statistics![name]!;
        assert.ok(relativeError(mean, expected.mean) < 1e-5, `mean of ${name}`);
        assert.ok(relativeError(variance, expected.variance) < 1e-5, `variance of ${name}`);
      }
    }));
}

/** Central differences along a parameter's own gradient, which has no entry that can hide behind another. */
function slopeAlong(goldenCase: GoldenCase, parameter: string, direction: Float32Array, h: number): number {
  const lossAt = (distance: number): number =>
    tf.tidy(() => {
      const { model, trained, named, rows, mode, draws } = loadCase(goldenCase);
      const index = createLayout(model.parameters).trained.findIndex(({ name }) => name === parameter);
      const moved = trained.map((value, at) =>
        at === index ? tf.add(value, tf.mul(tf.tensor(direction, value.shape), distance)) : value,
      );
      const { klWeight } = goldenCase;
      const { loss } = model.lossSum(named(moved), { rows, labels: null }, draws(), mode, { klWeight });
      return loss.dataSync()[0]!;
    });
  return (lossAt(h) - lossAt(-h)) / (2 * h);
}

for (const goldenCase of golden.cases) {
  test(`gradients are the slopes that finite differences see: ${goldenCase.name}`, async () => {
    const { gradients } = await runCase(goldenCase);
    const norms = Object.entries(gradients).map(([name, values]) => [name, Math.hypot(...values)] as const);
    const largest = Math.max(...norms.map(([, norm]) => norm));
    for (const [name, norm] of norms) {
      if (norm < 1e-2 * largest) continue; // less than float32 losses can tell apart
      const direction = gradients[name]!.map((value) => value / norm);
      const slope = slopeAlong(goldenCase, name, direction, 2 ** -10);
      assert.ok(Math.abs(slope - norm) < 0.02 * norm, `${name}: slope ${slope}, gradient ${norm}`);
    }
  });
}

test('the frozen head has the loss and the trunk gradients of the trained one, and none of its own', async () => {
  const frozen = await runCase(caseNamed('variance, frozen head'));
  const free = await runCase(caseNamed('variance, trained head'));
  assert.deepEqual(frozen.terms, free.terms);
  for (const [name, gradient] of Object.entries(frozen.gradients)) {
    assert.ok(!name.startsWith('decoder/variance/'));
    assert.deepEqual(gradient, free.gradients[name]);
  }
});

test('free bits change what is paid for, not the KL that is reported', async () => {
  const { terms: plain } = await runCase(caseNamed('variance, trained head'));
  const { terms: free } = await runCase(caseNamed('free bits'));
  assert.equal(free['kl'], plain['kl']);
  assert.ok(free['loss']! > plain['loss']!);
});

test('evaluation draws no dropout mask', () =>
  tf.tidy(() => {
    const { model, named, trained, rows, noise, mode } = loadCase(evaluated[0]!);
    const draws = {
      dropoutMask: () => assert.fail('a mask was drawn'),
      standardNormal: () => tf.clone(noise),
    };
    model.lossSum(named(trained), { rows, labels: null }, draws, mode, { klWeight: 1 });
  }));

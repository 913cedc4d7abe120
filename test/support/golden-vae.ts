/**
 * The golden numbers of test/golden/vae.json, and one of its cases run on whatever runtime is open.
 *
 * Masks and noise come from the file, through the `Draws` that a model asks: no generator is involved.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { createLayout } from '../../shared/math/layout.ts';
import type { Draws, Mode, Model, Parameters } from '../../shared/model/model.ts';
import { modelSettingsSchema, type ModelSettings } from '../../shared/model/settings.ts';
import { createVae } from '../../shared/model/vae/vae.ts';

type Numbers = readonly number[];

export interface GoldenCase {
  readonly name: string;
  readonly architecture: string;
  readonly mode: 'training' | 'evaluation';
  readonly settings: Partial<ModelSettings>;
  readonly klWeight: number;
  readonly onPixels: boolean;
  readonly terms: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, Numbers>>;
  readonly statistics?: Readonly<Record<string, { mean: Numbers; variance: Numbers }>>;
  readonly pieces?: Readonly<Record<string, Numbers>>;
}

interface GoldenArchitecture {
  readonly depths: Pick<ModelSettings, 'encoderBlocks' | 'branchBlocks' | 'decoderBlocks'>;
  readonly parameters1024: Readonly<Record<string, Numbers>>; // value * 1024
  readonly statistics1024: Readonly<Record<string, { mean: Numbers; variance: Numbers }>>;
  readonly masks: Readonly<Record<string, Numbers>>; // 1 where a value is kept, by block, in forward order
}

interface Golden {
  readonly features: number; // K
  readonly width: number;
  readonly latent: number;
  readonly rows: number; // b
  readonly inputs1024: Readonly<Record<'features' | 'pixels' | 'noise' | 'outputNoise', Numbers>>;
  readonly architectures: Readonly<Record<string, GoldenArchitecture>>;
  readonly l2: { readonly coefficient: number; readonly penalty: number; readonly gradient: Numbers };
  readonly cases: readonly GoldenCase[];
}

export const golden = JSON.parse(
  readFileSync(new URL('../golden/vae.json', import.meta.url), 'utf8'),
) as Golden;

const tensor = (values1024: Numbers, shape: readonly number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from(values1024, (value) => value / 1024),
    [...shape],
  );

/** Everything of a case on the open backend; the caller disposes of `tensors`, or stays in a tidy. */
export interface LoadedCase {
  readonly model: Model;
  readonly trained: readonly tf.Tensor[]; // in layout order
  named(trained: readonly tf.Tensor[]): Parameters;
  readonly rows: tf.Tensor2D; // [b, K]
  readonly noise: tf.Tensor2D; // [b, latent]
  readonly outputNoise: tf.Tensor2D; // [b, K]
  readonly mode: Mode;
  draws(): Draws;
}

export function loadCase(goldenCase: GoldenCase): LoadedCase {
  const architecture = golden.architectures[goldenCase.architecture]!;
  const { width, latent, features, rows, inputs1024: inputs } = golden;
  const settings = modelSettingsSchema.parse({
    width,
    latent,
    ...architecture.depths,
    ...goldenCase.settings,
  });
  const model = createVae(settings, features, goldenCase.onPixels);
  const layout = createLayout(model.parameters);
  const parameter = ({ name, shape }: { name: string; shape: readonly number[] }): [string, tf.Tensor] => [
    name,
    tensor(architecture.parameters1024[name]!, shape),
  ];
  const frozen = Object.fromEntries(layout.frozen.map(parameter));
  const noise = tensor(inputs.noise, [rows, latent]) as tf.Tensor2D;
  return {
    model,
    trained: layout.trained.map((entry) => parameter(entry)[1]),
    named: (trained) => ({
      ...frozen,
      ...Object.fromEntries(layout.trained.map(({ name }, index) => [name, trained[index]!])),
    }),
    rows: tensor(goldenCase.onPixels ? inputs.pixels : inputs.features, [rows, features]) as tf.Tensor2D,
    noise,
    outputNoise: tensor(inputs.outputNoise, [rows, features]) as tf.Tensor2D,
    mode: modeOf(goldenCase, architecture),
    draws: () => givenDraws(Object.values(architecture.masks), noise),
  };
}

function modeOf({ mode }: GoldenCase, { statistics1024 }: GoldenArchitecture): Mode {
  if (mode === 'training') return { kind: 'training' };
  const statistics = Object.entries(statistics1024).map(([name, { mean, variance }]) => [
    name,
    { mean: tensor(mean, [mean.length]), variance: tensor(variance, [variance.length]) },
  ]);
  return { kind: 'evaluation', statistics: Object.fromEntries(statistics) };
}

/** The file's masks, a block each, in the order in which a forward pass asks for them. */
function givenDraws(masks: readonly Numbers[], noise: tf.Tensor): Draws {
  const left = [...masks];
  return {
    dropoutMask(shape, rate) {
      const mask = left.shift();
      assert.ok(mask, 'more masks are drawn than there are blocks');
      return tf.tensor(
        Float32Array.from(mask, (kept) => kept / (1 - rate)),
        [...shape],
      );
    },
    standardNormal(shape) {
      assert.deepEqual(shape, noise.shape);
      return tf.clone(noise);
    },
  };
}

export interface CaseResult {
  readonly terms: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

/** Loss terms and gradients of a case, by our code on the open backend. */
export async function runCase(goldenCase: GoldenCase): Promise<CaseResult> {
  const tensors = tf.tidy(() => {
    const { model, trained, named, rows, mode, draws } = loadCase(goldenCase);
    const terms: Record<string, tf.Tensor> = {};
    const { grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const { klWeight } = goldenCase;
      const loss = model.lossSum(named(tensors), { rows, labels: null }, draws(), mode, { klWeight });
      for (const [name, value] of Object.entries({ loss: loss.loss, ...loss.terms })) {
        terms[name] = tf.keep(value.clone());
      }
      return loss.loss;
    })([...trained]);
    const names = createLayout(model.parameters).trained.map(({ name }) => name);
    return { terms, gradients: Object.fromEntries(names.map((name, index) => [name, grads[index]!])) };
  });
  const terms = await readAll(tensors.terms);
  return {
    terms: Object.fromEntries(Object.entries(terms).map(([name, [value]]) => [name, value!])),
    gradients: await readAll(tensors.gradients),
  };
}

/** Copies of the values, by name; lets go of the tensors. */
async function readAll(tensors: Readonly<Record<string, tf.Tensor>>): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    values[name] = (await tensor.data<'float32'>()).slice();
    tensor.dispose();
  }
  return values;
}

/** Largest difference, relative to the largest magnitude expected, or to `scale` where that is larger. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 0): number {
  assert.equal(actual.length, expected.length);
  let largest = scale;
  let difference = 0;
  for (let index = 0; index < expected.length; index++) {
    largest = Math.max(largest, Math.abs(expected[index]!));
    difference = Math.max(difference, Math.abs(actual[index]! - expected[index]!));
  }
  assert.ok(!Number.isNaN(difference), 'not a number');
  return difference === 0 ? 0 : difference / largest;
}

const largest = (values: Numbers): number => Math.max(...values.map(Math.abs));

/**
 * What errors of a parameter's gradient are relative to: its own largest entry; but batch norm cancels biases
 * before it, whose gradient is nothing but rounding errors of what was cancelled.
 */
export function scaleOf(gradients: Readonly<Record<string, Numbers>>, name: string): number {
  const whole = largest(Object.values(gradients).map(largest));
  const own = largest(gradients[name]!);
  return own < 1e-9 * whole ? whole : own;
}

/** Holds a case against PyTorch: every term, and every parameter's gradient, to `tolerance`, relative. */
export async function assertGolden(goldenCase: GoldenCase, tolerance: number): Promise<void> {
  const { terms, gradients } = await runCase(goldenCase);
  for (const [name, expected] of Object.entries(goldenCase.terms)) {
    const error = relativeError([terms[name]!], [expected]);
    assert.ok(error <= tolerance, `${name} is ${terms[name]}, expected ${expected} (${error})`);
  }
  assert.deepEqual(Object.keys(gradients).sort(), Object.keys(goldenCase.gradients).sort());
  for (const [name, expected] of Object.entries(goldenCase.gradients)) {
    const error = relativeError(gradients[name]!, expected, scaleOf(goldenCase.gradients, name));
    assert.ok(error <= tolerance, `gradient of ${name}: relative error ${error}`);
  }
}

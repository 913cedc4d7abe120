/** Models by name, their parameter counts, and the settings of every experiment that the post made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { createLayout, type Layout } from '../../shared/math/layout.ts';
import type { Model } from '../../shared/model/model.ts';
import { createModel, featureCountOf, type ModelChoice } from '../../shared/model/registry.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { presets, type PresetName } from '../../shared/runtime/presets.ts';

const svhnImage = { height: 32, width: 32, channels: 3 };

function modelOf(preset: PresetName, changes: Partial<Config> = {}): { model: Model; layout: Layout } {
  const { model, components, ...rest } = configSchema.parse({ ...presets[preset].settings, ...changes });
  const settings = Object.fromEntries(modelFieldNames.map((name) => [name, rest[name]]));
  const created = createModel({ ...settings, model, components } as ModelChoice, svhnImage);
  return { model: created, layout: createLayout(created.parameters) };
}

const modelFieldNames = [
  ...(['width', 'latent', 'encoderBlocks', 'branchBlocks', 'decoderBlocks', 'dropout'] as const),
  ...(['likelihood', 'varianceHead', 'varianceFloor', 'fixedVariance', 'varianceL2'] as const),
  ...(['sampling', 'freeBits'] as const),
];

/** As Keras counts: with the moving mean and variance of each batch norm. */
const kerasCount = ({ model, layout }: { model: Model; layout: Layout }): number =>
  layout.parameterCount + layout.frozenCount + model.statistics.reduce((sum, { size }) => sum + 2 * size, 0);

test('the model of preset svhn has 48,540,172 parameters in Keras, of which 48,489,020 are trained', () => {
  const svhn = modelOf('svhn');
  assert.equal(svhn.layout.parameterCount, 48_489_020);
  assert.equal(svhn.layout.frozenCount, 0);
  assert.equal(kerasCount(svhn), 48_540_172);
});

test('preset svhn-2017 is the same network, with the variance head of 1,277,000 parameters frozen', () => {
  const post = modelOf('svhn-2017');
  assert.equal(kerasCount(post), 48_540_172);
  assert.equal(post.layout.frozenCount + 2 * 500, 1_277_000); // with its moving statistics
  assert.equal(post.layout.parameterCount, 48_489_020 - 1_276_000);
  assert.ok(post.layout.frozen.every(({ name }) => name.startsWith('decoder/variance/')));
});

test('preset digits is a hundredth of that', () => {
  const { parameterCount } = modelOf('digits').layout;
  assert.ok(parameterCount > 300_000 && parameterCount < 1_000_000, `${parameterCount} parameters`);
});

test('every experiment of the post is a setting of the same model', () => {
  const experiments: readonly Partial<Config>[] = [
    { components: 500 },
    { components: 600 },
    { components: 1000, varianceFloor: 0.025 },
    { components: null },
    { components: null, likelihood: 'bernoulli' },
    { dropout: 0.4 },
    { whiten: true, likelihood: 'fixedVariance' },
    { likelihood: 'logVariance' },
    { likelihood: 'logVariance', varianceHead: 'shared' },
    { varianceHead: 'frozen', sampling: 'original' },
    { stopOn: 'heldOut', trainFraction: 0.2 },
    { freeBits: 0.1, klWeight: 0.5, klWarmUpSteps: 1000 },
  ];
  for (const changes of experiments) {
    const { model } = modelOf('svhn', changes);
    const input = model.parameters.find(({ name }) => name === 'encoder/input/gamma')!;
    const components = changes.components === undefined ? 500 : changes.components;
    assert.deepEqual(input.shape, [featureCountOf(components, svhnImage)]);
  }
});

test('an unknown model and too many components are refused, with what would do', () => {
  const refuses = (changes: object, pattern: RegExp): void => {
    const settings = { ...configSchema.parse({}), ...changes } as unknown as ModelChoice;
    assert.throws(
      () => createModel(settings, svhnImage),
      (error) => error instanceof LockstepError && error.exitCode === 64 && pattern.test(error.message),
    );
  };
  refuses({ model: 'toString' }, /--model toString is unknown, expected vae/);
  refuses({ components: 3073 }, /--components 3073 is more than the 3072 values/);
});

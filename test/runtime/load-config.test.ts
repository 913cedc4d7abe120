/** The configuration: who wins over whom, what goes together, and how each mistake is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { parseConfigFile } from '../../shared/runtime/config-file.ts';
import { configFieldNames, type ConfigField } from '../../shared/runtime/config.ts';
import { explicitSettings, loadConfig, type FlagValue } from '../../shared/runtime/load-config.ts';
import { presetNames } from '../../shared/runtime/presets.ts';

interface Said {
  readonly flags?: Partial<Record<ConfigField, FlagValue>>;
  readonly environment?: Record<string, string>;
  readonly file?: string;
  readonly preset?: string;
}

const inputs = ({ flags = {}, environment = {}, file, preset }: Said) => ({
  flags: new Map(Object.entries(flags) as [ConfigField, FlagValue][]),
  environment,
  file: file === undefined ? null : parseConfigFile(file, 'run.yaml'),
  preset: preset ?? null,
});
const load = (said: Said) => loadConfig(inputs(said));

const refused = (said: Said, exitCode: number, pattern: RegExp): void =>
  assert.throws(
    () => load(said),
    (error: unknown) => {
      assert.ok(error instanceof LockstepError, String(error));
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /\n/);
      assert.equal(error.exitCode, exitCode);
      return true;
    },
  );

test('flags win over environment, environment over file, file over preset, preset over default', () => {
  const file = 'latent: 3\nwidth: 30\nseed: 300';
  const environment = { LOCKSTEP_LATENT: '2', LOCKSTEP_WIDTH: '20' };
  const { config, sources } = load({ flags: { latent: '1' }, environment, file });
  const { latent, width, seed, learningRate, beta1 } = config;
  assert.deepEqual([latent, width, seed, learningRate, beta1], [1, 20, 300, 1e-3, 0.9]);
  const kinds = (['latent', 'width', 'seed', 'learningRate', 'beta1'] as const).map(
    (field) => sources[field].kind,
  );
  assert.deepEqual(kinds, ['flag', 'environment', 'file', 'preset', 'default']);
});

test('the preset is the flag, else the variable, else what the file says, else digits, whatever the data', () => {
  const environment = { LOCKSTEP_PRESET: 'svhn-2017' };
  assert.equal(load({ preset: 'svhn', environment, file: 'preset: digits' }).preset, 'svhn');
  assert.equal(load({ environment, file: 'preset: svhn' }).preset, 'svhn-2017');
  assert.equal(load({ file: 'preset: svhn' }).preset, 'svhn');
  const images = load({ flags: { data: ['train-images-idx3-ubyte.gz'], workers: '2', epochs: '3' } });
  assert.equal(images.preset, 'digits');
  assert.equal(images.config.width, 384);
});

test('every preset is a valid configuration, and tells its notices', () => {
  for (const preset of presetNames)
    assert.deepEqual(Object.keys(load({ preset }).config), [...configFieldNames]);
  assert.match(load({ preset: 'svhn-2017' }).notices.join(' '), /its mistakes/);
});

test("a preset's micro-batch belongs to its batch; another batch has the default one", () => {
  assert.equal(load({}).config.microBatchSize, 100);
  assert.equal(load({ flags: { batchSize: '200' } }).config.microBatchSize, 100);
  assert.equal(load({ flags: { batchSize: '6300' } }).config.microBatchSize, null);
  assert.equal(load({ flags: { batchSize: '1000', microBatchSize: '125' } }).config.microBatchSize, 125);
  refused(
    { file: 'microBatchSize: 125', flags: { batchSize: '6300' } },
    64,
    /--micro-batch-size 125 .* of run.yaml/,
  );
});

test('who says how long displaces what weaker places say of it', () => {
  const length = (said: Said) => [load(said).config.epochs, load(said).config.steps];
  assert.deepEqual(length({}), [36, null]);
  assert.deepEqual(length({ flags: { steps: '7' } }), [null, 7]);
  assert.deepEqual(length({ flags: { steps: '7' }, environment: { LOCKSTEP_EPOCHS: '3' } }), [null, 7]);
  assert.deepEqual(length({ flags: { epochs: '7' }, file: 'steps: 3\nepochs: null' }), [7, null]);
  assert.deepEqual(length({ flags: { epochs: '7', steps: 'none' } }), [7, null]);
  assert.deepEqual(length({ flags: { steps: 'none' }, environment: { LOCKSTEP_STEPS: '3' } }), [36, null]);
  refused({ flags: { epochs: '7', steps: '3' } }, 64, /--epochs and --steps are both set/);
  refused({ file: 'epochs: 7\nsteps: 3' }, 78, /run.yaml: epochs and steps are both set/);
  refused({ flags: { epochs: 'none' } }, 64, /neither epochs nor steps/);
});

test('text is read as its field means it', () => {
  const { config } = load({
    flags: { whiten: true, components: false, learningRate: '1e-3', seed: ['1', '2'], testData: 'a,b' },
    environment: {
      LOCKSTEP_DATA: 'a,b',
      LOCKSTEP_ALLOW_CPU: '1',
      LOCKSTEP_CLIP_NORM: 'none',
      LOCKSTEP_WIDTH: '',
    },
  });
  assert.equal(config.whiten, true);
  assert.equal(config.components, null);
  assert.equal(config.learningRate, 1e-3);
  assert.equal(config.seed, 2);
  assert.deepEqual([config.testData, config.data], [['a,b'], ['a', 'b']]);
  assert.deepEqual([config.allowCpu, config.clipNorm, config.width], [true, null, 384]);
});

test('a flag that will not do is refused with 64, and says what would', () => {
  refused({ flags: { batchSize: 'abc' } }, 64, /^--batch-size got "abc", expected a positive integer: see/);
  refused({ flags: { batchSize: 'NaN' } }, 64, /got "NaN"/);
  refused({ flags: { batchSize: '' } }, 64, /got no value/);
  refused({ flags: { batchSize: true } }, 64, /got no value/);
  refused({ flags: { batchSize: false } }, 64, /--no-batch-size cannot be/);
  refused({ flags: { batchSize: '2.5' } }, 64, /got 2.5/);
  refused({ flags: { batchSize: '1e999' } }, 64, /got Infinity/);
  refused({ flags: { batchSize: '1009' } }, 64, /use 1008 or 1010/);
  refused({ flags: { likelihood: 'variacne' } }, 64, /did you mean variance\?/);
  refused({ flags: { whiten: 'maybe' } }, 64, /got "maybe", expected true or false/);
  refused({ flags: { data: [] } }, 64, /--data got no value/);
  refused({ flags: { checkpointEvery: 'soon' } }, 64, /expected epoch, or such as 500steps/);
  refused(
    { flags: { warmUpSteps: '9', steps: '9', learningRateSchedule: 'cosine' } },
    64,
    /no step for the schedule/,
  );
  refused({ flags: { stopOn: 'heldOut', heldOutFraction: '0' } }, 64, /no rows are held out/);
  refused({ flags: { pcaRows: '99' } }, 64, /components 100 of preset digits with --pca-rows 99/);
  refused({ flags: { likelihood: 'bernoulli' } }, 64, /--components none/);
  refused({ preset: 'digit' }, 64, /--preset is "digit", .* did you mean digits\?/);
});

test('what environment and file say wrongly is refused with 78, under their names', () => {
  refused({ environment: { LOCKSTEP_BATCH_SIZE: 'abc' } }, 78, /^LOCKSTEP_BATCH_SIZE is "abc", .* unset it/);
  refused({ environment: { LOCKSTEP_MICRO_BATCH_SIZE: '60' } }, 78, /LOCKSTEP_MICRO_BATCH_SIZE=60/);
  refused({ environment: { LOCKSTEP_PRESET: 'x' } }, 78, /LOCKSTEP_PRESET is "x"/);
  refused({ file: 'batchSize: "250"' }, 78, /^run.yaml: batchSize is "250", expected a positive integer/);
  refused({ file: 'preset: 3' }, 78, /^run.yaml: preset is 3/);
});

test('a value that is overridden is not looked at', () => {
  const environment = { LOCKSTEP_BATCH_SIZE: 'abc' };
  assert.equal(
    load({ flags: { batchSize: '500' }, environment, file: 'batchSize: []' }).config.batchSize,
    500,
  );
});

test('explicit settings are what somebody said for this run, and nothing else', () => {
  const said = explicitSettings(
    inputs({ flags: { workers: '2' }, environment: { LOCKSTEP_WORKERS: '3' }, file: 'seed: 4' }),
  );
  const values = [...said].map(([field, { value, source }]) => [field, value, source.kind]);
  assert.deepEqual(values, [
    ['workers', 2, 'flag'],
    ['seed', 4, 'file'],
  ]);
});

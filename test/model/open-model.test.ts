/** A module with a model of somebody's own: what it is given, and the one line for each way to be none. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createModelCompute } from '../../shared/model/compute-model.ts';
import { checkModuleHash, hashModule, isModulePath } from '../../shared/model/module/module-file.ts';
import { openModel } from '../../shared/model/open-model.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { temporaryFolder } from '../support/temporary.ts';

const image = { height: 2, width: 2, channels: 1 };
const config = configSchema.parse({ components: null });
let runtime: Runtime;

before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

/** A module in a folder of its own. */
function moduleOf(text: string, name = 'model.mjs'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

const linear = (changes = '', loss = 'tf.sum(tf.matMul(rows, parameters.w))'): string => `
  import { defineModel, tf } from 'lockstep';
  export default defineModel(({ featureCount, image, settings }) => ({
    name: 'linear',
    parameters: [{ name: 'w', shape: [featureCount, 1], initialiser: { kind: 'zeros' } }],
    statistics: [],
    termNames: [],
    lossSum: (parameters, { rows, labels }) => ({ loss: ${loss}, terms: {} }),
    ${changes}
  }));`;

const open = (model: string, modelHash: string | null = null) =>
  openModel({ ...config, model, modelHash }, image);

async function gradientOf(path: string): Promise<Float32Array> {
  const model = await open(path);
  const compute = await createModelCompute(model, runtime, { image, components: null, seed: 1 });
  const gradient = new Float32Array(compute.layout.parameterCount);
  await compute.setParameters(new Float32Array(gradient.length));
  const batch = { rows: Uint8Array.from([0, 51, 102, 255, 255, 0, 0, 0]), labels: null, rowCount: 2 };
  await compute.gradient(
    batch,
    { seed: 1, purpose: 'training', step: 0, microBatch: 0 },
    { klWeight: 1 },
    gradient,
  );
  compute.dispose();
  return gradient;
}

test('a module anywhere computes with the TensorFlow.js of this package', async () => {
  const path = moduleOf(linear());
  const gradient = await gradientOf(path);
  assert.deepEqual(
    [...gradient].map((value) => Math.round(value * 255)),
    [255, 51, 102, 255],
  );
});

test('a module in TypeScript is run where TypeScript is', async () => {
  const text = linear().replace('({ featureCount, image, settings })', '({ featureCount }: ModelContext)');
  const path = moduleOf(`import type { ModelContext } from 'lockstep';\n${text}`, 'model.ts');
  assert.equal((await open(path)).name, 'linear');
});

const bad: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no default export', 'export const model = 1;', /it has no default export, expected `export default def/],
  ['another default export', 'export default {};', /its default export is something else/],
  ['a syntax error', 'export default {;', /it cannot be loaded: /],
  ['an import that is not there', "import 'no-such-package';", /it cannot be loaded: .*no-such-package/],
  ['a create that throws', "import { defineModel } from 'lockstep'; export default defineModel(() => { throw new Error('needs colour'); });", /create failed: needs colour/], // prettier-ignore
  ['a model that is none', "import { defineModel } from 'lockstep'; export default defineModel(() => 7);", /its model: invalid input/], // prettier-ignore
  ['no parameters', linear('parameters: [],'), /parameters: too small/],
  ['a shape that is none', linear("parameters: [{ name: 'w', shape: [0], initialiser: { kind: 'zeros' } }],"), /parameters\.0\.shape\.0: too small/], // prettier-ignore
  ['an unknown initialiser', linear("parameters: [{ name: 'w', shape: [4], initialiser: { kind: 'he' } }],"), /parameters\.0\.initialiser/], // prettier-ignore
  ['a term named loss', linear("termNames: ['loss'],"), /loss is the name of two/],
  ['no loss', linear('lossSum: 3,'), /lossSum: expected a function/],
];

for (const [what, text, message] of bad) {
  test(`one line for ${what}`, async () => {
    const path = moduleOf(text);
    await assert.rejects(open(path), (error: Error & { exitCode?: number }) => {
      assert.match(error.message, message);
      assert.equal(error.exitCode, 78);
      assert.ok(error.message.startsWith(`--model ${path}: `) && !error.message.includes('\n'));
      return true;
    });
  });
}

const wrong: readonly (readonly [what: string, loss: string, message: RegExp])[] = [
  [
    'a loss of every row',
    'tf.matMul(rows, parameters.w)',
    /lossSum failed: it returned loss as float32 \[2, 1\]/,
  ],
  ['no tensor', '3', /it returned no tensor as loss/],
  ['shapes that do not fit', 'tf.sum(tf.matMul(rows, tf.transpose(parameters.w)))', /lossSum failed: /],
  ['labels that are missing', 'tf.sum(tf.oneHot(labels, 2))', /lossSum failed: /],
  ['an unused parameter', 'tf.sum(rows)', /a parameter has no part in the loss/],
];

for (const [what, loss, message] of wrong) {
  test(`one line for a loss with ${what}`, async () => {
    await assert.rejects(gradientOf(moduleOf(linear('', loss))), message);
  });
}

test('a parameter beside one that is used must be used, too', async () => {
  const parameters = ['w', 'b'].map(
    (name) => `{ name: '${name}', shape: [4, 1], initialiser: { kind: 'zeros' } }`,
  );
  const path = moduleOf(linear(`parameters: [${parameters.join(', ')}],`));
  await assert.rejects(gradientOf(path), /a parameter has no part in the loss: use it/);
});

test('the hash covers what a module imports by a relative path, and is checked', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'parts'));
  const [path, part] = [join(folder, 'model.mjs'), join(folder, 'parts/size.mjs')];
  writeFileSync(part, 'export const size = 1;');
  writeFileSync(path, `import { size } from './parts/size.mjs';\n${linear()}`);
  const hash = hashModule(path, 78);
  assert.equal((await open(path, hash)).name, 'linear');
  writeFileSync(part, 'export const size = 2;');
  assert.throws(() => checkModuleHash(path, hash, 64), /is another module here than the run's \(hash /);
  await assert.rejects(open(path, hash), /another module/);
  await assert.rejects(open(join(folder, 'gone.mjs')), /is not here: give the path of a module/);
});

test('only a path is taken for a module', () => {
  assert.deepEqual(['./m', 'm.js', 'm.mts', 'a/b'].map(isModulePath), [true, true, true, true]);
  assert.deepEqual(['vae', 'vae.json', 'convolutional'].map(isModulePath), [false, false, false]);
});

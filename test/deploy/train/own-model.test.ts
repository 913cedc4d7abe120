/** The examples of docs/examples as whole runs of the real command: the same bits, evaluations and refusals. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { openSafetensors } from '../../../shared/data/safetensors-reader.ts';
import { runLockstep, train } from '../../support/lockstep.ts';
import { requiresFile } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const images = '/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz';
const remedy = 'apt-get install dataset-fashion-mnist';
const examples = resolve(import.meta.dirname, '../../../docs/examples');

const few =
  '--components none --latent 4 --learning-rate 0.003 --batch-size 100 --micro-batch-size 50 --train-fraction 0.1 ' +
  '--picture-every 0 --evaluation-rows 100 --statistics-rows 100 --port 0 --http-port 0';

const flagsOf = (model: string): string[] => ['--model', model, '--data', images, ...few.split(' ')];

suite('a model of one’s own', { timeout: 200_000 }, () => {
  test('a classifier ends in the same bits with 1 and 2 workers, and learns', async (context) => {
    if (!requiresFile(images, remedy, context)) return;
    const folder = temporaryFolder();
    const model = join(folder, 'classifier.mjs');
    copyFileSync(join(examples, 'convolutional-classifier.mjs'), model);
    const [one, two] = [join(folder, '1'), join(folder, '2')];
    const flags = [...flagsOf(model), '--steps', '20'];
    const alone = await train([...flags, '--workers', '1', '--run-dir', one]);
    const both = await train([...flags, '--workers', '2', '--run-dir', two]);
    assert.equal(both.parametersSha256, alone.parametersSha256);
    assert.ok(both.loss < 1.6, `loss ${both.loss}, expected less than the ln 10 of not knowing`);
    assert.match(readFileSync(join(one, 'report.html'), 'utf8'), /accuracy/);
    const judged = await runLockstep(['evaluate', one, '--json']);
    const { terms } = JSON.parse(judged.stdout) as { terms: Record<string, number> };
    assert.ok(terms['accuracy']! > 0.3 && terms['accuracy']! <= 1, judged.stdout);

    const arrays = join(folder, 'arrays');
    const exported = await runLockstep(['export', one, '--format', 'safetensors', '--out', arrays]);
    assert.equal(exported.stdout, `${arrays}/model.safetensors\n${arrays}/README.md\n`, exported.stderr);
    const { tensors, metadata } = openSafetensors(join(arrays, 'model.safetensors'));
    const names = [...tensors.keys()];
    assert.ok(names.length > 0 && names.every((name) => !name.startsWith('adam.')), names.join());
    assert.equal(metadata['model'], 'classifier.mjs');
    const refused = await runLockstep(['export', one, '--format', 'tfjs']);
    assert.equal(refused.code, 64);
    assert.match(refused.stderr, /add --format safetensors/);

    appendFileSync(model, '// another module\n');
    const resumed = await runLockstep(['train', '--resume', one, '--steps', '30']);
    assert.equal(resumed.code, 64);
    assert.match(resumed.stderr, /is another module here than the run's/);
  });

  test('a convolutional VAE trains, is judged, and draws', async (context) => {
    if (!requiresFile(images, remedy, context)) return;
    const folder = temporaryFolder();
    const run = join(folder, 'run');
    const flags = flagsOf(join(examples, 'convolutional-vae.mjs'));
    await train([...flags, '--steps', '6', '--workers', '2', '--run-dir', run]);
    const history = readFileSync(join(run, 'history.jsonl'), 'utf8').trim().split('\n');
    assert.match(history.at(-1)!, /"noise":\{"squaredGradient":/);
    const judged = await runLockstep([
      'evaluate',
      run,
      '--rows',
      '100',
      '--importance-samples',
      '2',
      '--json',
    ]);
    const report = JSON.parse(judged.stdout) as { elbo: number; latentCount: number };
    assert.equal(report.latentCount, 4);
    assert.ok(Number.isFinite(report.elbo));
    const picture = join(folder, 'samples.png');
    assert.equal((await runLockstep(['sample', run, '--count', '4', '--out', picture])).code, 0);
  });

  test('a model whose loss is not finite ends the run in one line', async (context) => {
    if (!requiresFile(images, remedy, context)) return;
    const folder = temporaryFolder();
    const flags = flagsOf(join(examples, 'convolutional-classifier.mjs'));
    const model = join(folder, 'nan.mjs');
    const text = readFileSync(flags[1]!, 'utf8').replace('loss: tf.neg(', 'loss: tf.mul(NaN, ');
    writeFileSync(model, text);
    const run = await runLockstep([
      'train',
      ...flagsOf(model),
      '--steps',
      '3',
      '--run-dir',
      join(folder, 'run'),
    ]);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr.trim().split('\n').at(-1)!, /finite/);
  });

  test('a run whose workers all fail on the module says why, last and once, and nothing of a next step', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'throws.mjs');
    writeFileSync(
      model,
      `import { defineModel } from 'lockstep';
       export default defineModel(() => ({
         name: 'none', parameters: [{ name: 'w', shape: [1], initialiser: { kind: 'zeros' } }],
         statistics: [], termNames: [],
         lossSum() { throw new Error('not today'); },
       }));`,
    );
    const words = `--synthetic-rows 200 ${few} --steps 3 --runtime wasm --workers 2 --json`.split(' ');
    const run = await runLockstep(['train', '--model', model, '--run-dir', join(folder, 'run'), ...words]);
    assert.deepEqual([run.code, run.stdout], [78, '']);
    const last = run.stderr.trim().split('\n').at(-1)!;
    assert.match(
      last,
      /^lockstep: no worker is left: rank \d: --model \S+throws.mjs: lossSum failed: not today/,
    );
    assert.doesNotMatch(run.stderr, /next:|0 steps/);
  });
});

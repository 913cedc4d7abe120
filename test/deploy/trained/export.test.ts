/** Exported models, used as docs/export.md says: by TensorFlow.js here, by a browser, and by numpy. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { openTrained } from '../../../deploy/trained/open.ts';
import { exportModel } from '../../../deploy/trained/export.ts';
import type { ExportFormat } from '../../../deploy/trained/export-formats.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { openBrowser } from '../../support/browser.ts';
import { python, requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { writeTrainedRun } from '../../support/trained-run.ts';

const root = resolve(import.meta.dirname, '../../..');
const guide = readFileSync(join(root, 'docs/export.md'), 'utf8');
const snippet = (language: string): string => guide.split(`\`\`\`${language}\n`)[1]!.split('```')[0]!;
const tolerance = 1e-5;
const count = 7;

const quiet = (folder: string) => ({ runtime: 'cpu', cacheDir: folder, say: () => {} }) as const;

async function exported(format: ExportFormat, changes: Partial<Config> = {}) {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder, changes);
  const out = join(folder, format === 'tfjs' ? 'model' : 'arrays');
  const files = await exportModel({ path, format, out, ...quiet(folder) });
  return { folder, path, out, files };
}

/** Latents from the prior, and what `lockstep sample` shows for them. */
async function samplesOf(path: string, folder: string) {
  const trained = await openTrained({ path, needsData: false, evaluationRows: null, ...quiet(folder) });
  const { compute, config } = trained;
  const draw = { seed: config.seed, purpose: 'pictures', step: 0, microBatch: 0 } as const;
  const pixels = await compute.render({ what: 'samples', count, draw }, null);
  const latents = compute.loaded.runtime.draws(draw).standardNormal([count, config.latent]);
  const values = (await latents.data()) as Float32Array;
  trained.close();
  return { latents: values, latentCount: config.latent, pixels };
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length);
  const worst = Math.max(...Array.from(expected, (value, at) => Math.abs(value - found[at]!)));
  assert.ok(worst <= tolerance, `off by ${worst}`);
}

test('the exported decoder draws what lockstep sample draws', async () => {
  for (const changes of [{}, { whiten: true }, { components: null, likelihood: 'bernoulli' }] as const) {
    const { folder, path, out, files } = await exported('tfjs', changes);
    assert.ok(files.every((file) => existsSync(file)) && files.includes(join(out, 'README.md')));
    const { latents, latentCount, pixels } = await samplesOf(path, folder);
    const [decoder, encoder] = [await load(join(out, 'decoder')), await load(join(out, 'encoder'))];
    const images = decoder.predict(tf.tensor2d(latents, [count, latentCount])) as tf.Tensor;
    assert.deepEqual(images.shape, [count, 6, 6, 1]);
    assertClose(images.dataSync(), pixels);
    const [mean, logVariance] = encoder.predict(images) as tf.Tensor[];
    assert.deepEqual(
      [mean!.shape, logVariance!.shape],
      [
        [count, latentCount],
        [count, latentCount],
      ],
    );
  }
});

async function load(folder: string) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    modelTopology: object;
    weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  };
  const [{ paths, weights: weightSpecs }] = weightsManifest as [(typeof weightsManifest)[0]];
  const bytes = readFileSync(join(folder, paths[0]!));
  const weightData = new Uint8Array(bytes).buffer;
  return loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

test('numpy, with the snippet of the guide, draws the same', async (t) => {
  if (!requires('safetensors', t)) return;
  const { folder, path } = await exported('safetensors', { whiten: true });
  const { latents, latentCount, pixels } = await samplesOf(path, folder);
  writeFileSync(join(folder, 'latents'), latents);
  const given = `latents = np.fromfile("latents", np.float32).reshape(-1, ${latentCount})`;
  const script = snippet('python').replace(/^latents = .*$/m, given);
  assert.ok(script.includes(given));
  const { status, stderr } = spawnSync(python, ['-c', `${script}\nimages.tofile("images")`], { cwd: folder });
  assert.equal(status, 0, stderr.toString());
  const images = new Float32Array(new Uint8Array(readFileSync(join(folder, 'images'))).buffer);
  assertClose(images, pixels);
});

test('the page of the guide draws in a browser, from the exported files alone', async (t) => {
  if (!requires('chromium', t)) return;
  const { folder, path } = await exported('tfjs');
  writeFileSync(join(folder, 'page.html'), snippet('html'));
  const url = await serveFolders(t, [folder, root]);
  const { page, complaints } = await openBrowser(t);
  const outside: string[] = [];
  page.on('request', (request) => void (request.url().startsWith(url) || outside.push(request.url())));
  await page.goto(`${url}/page.html`);
  await page.waitForFunction("document.querySelector('#canvas').width === 8 * 6");
  assert.deepEqual(outside, []);
  const { latents, latentCount, pixels } = await samplesOf(path, folder);
  const drawn = await page.evaluate<number[]>(`(async () => {
    const decoder = await tf.loadLayersModel('model/decoder/model.json');
    const latents = tf.tensor2d([${latents.join()}], [${count}, ${latentCount}]);
    return [...(await decoder.predict(latents).data())];
  })()`);
  assertClose(drawn, pixels);
  assert.deepEqual(
    complaints.filter((line) => !/webgl|favicon|404/i.test(line)),
    [],
  );
});

async function serveFolders(t: TestContext, folders: readonly string[]): Promise<string> {
  const types: Readonly<Record<string, string>> = {
    html: 'text/html',
    js: 'text/javascript',
    json: 'application/json',
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const file = folders
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path) && statSync(path).isFile());
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[file.split('.').at(-1)!] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

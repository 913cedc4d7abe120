/**
 * Real workers over real sockets whose coordinator's file of rows is moved away once it is open: they are sent rows,
 * or make a copy, and the run has the bits of one whose worker sees the file.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCoordinator } from '../../coordinator/main.ts';
import { createScreen } from '../../coordinator/screen.ts';
import { unseen } from '../../coordinator/serving/serving.ts';
import { scanRowCache } from '../../shared/data/row-cache.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { configFields, configSchema } from '../../shared/runtime/config.ts';
import type { Sources } from '../../shared/runtime/sources.ts';
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import type { DataPolicy } from '../../worker/data.ts';
import { runWorker } from '../../worker/main.ts';
import { idx } from '../support/idx.ts';
import { temporaryFolder } from '../support/temporary.ts';

const version = '0.0.0-test';
const rowCount = 200;
const settings = {
  runtime: 'wasm',
  components: 8,
  width: 16,
  latent: 4,
  encoderBlocks: 1,
  branchBlocks: 1,
  decoderBlocks: 1,
  batchSize: 20,
  microBatchSize: 10,
  steps: 3,
  evaluationRows: 20,
  statisticsRows: 20,
};

const everyDefault = Object.fromEntries(
  Object.keys(configFields).map((field) => [field, { kind: 'default' }]),
) as Sources;

/** Small images of made-up bytes, which take a device no time. */
function writeImages(path: string, salt: number): string {
  const pixels = Array.from({ length: rowCount * 64 }, (_, index) => (index * (index + salt)) % 251);
  writeFileSync(path, idx([rowCount, 8, 8], pixels));
  return path;
}

/** Runs from beginning to end in this process. @returns the digest of its parameters, and what was said */
async function runWith(mode: DataPolicy['mode'], isHidden: boolean) {
  const folder = temporaryFolder();
  const [cacheDir, elsewhere, dataDir] = ['cache', 'elsewhere', 'copies'].map((name) => join(folder, name));
  [cacheDir, elsewhere].forEach((path) => mkdirSync(path!));
  const data = [writeImages(join(folder, 'training-images'), 7)];
  const testData = [writeImages(join(folder, 'test-images'), 8)];
  const config = configSchema.parse({ ...settings, data, testData });
  let told = '';
  const write = (text: string): void => void (told += text);
  const transport = createZeromqTransport(systemClock);
  let worker: ReturnType<typeof runWorker> | null = null;
  const { summary } = await runCoordinator({
    loaded: { config, sources: everyDefault },
    preset: null,
    saved: null,
    notices: [],
    runDir: join(folder, 'run'),
    resume: false,
    initFrom: null,
    listen: { host: '127.0.0.1', port: 0 },
    workerCount: 1,
    cacheDir: cacheDir!,
    version,
    transport,
    clock: systemClock,
    screen: createScreen({
      write,
      isTerminal: false,
      colour: false,
      quiet: false,
      nowMs: () => systemClock.nowMs(),
      columns: () => 80,
    }),
    serving: unseen,
    onListening(endpoint) {
      for (const name of isHidden ? readdirSync(cacheDir!) : [])
        renameSync(join(cacheDir!, name), join(elsewhere!, name));
      worker = runWorker({
        endpoint,
        rank: null,
        runId: null,
        runtime: 'wasm',
        precision: 'tf32',
        threads: null,
        allowCpu: true,
        version,
        transport,
        data: { mode, dataDir: dataDir! },
        log: (line) => write(`worker: ${line}\n`),
      });
    },
    grace: null,
    onStoppable: () => {},
  });
  assert.deepEqual(await worker!, { code: 0, reason: 'the run is over' });
  return { told, digest: summary.parametersSha256, dataDir: dataDir! };
}

test('rows that are sent, and rows of a copy, make the same run as rows that are seen', async () => {
  const seen = await runWith('copy', false);
  assert.doesNotMatch(seen.told, /streamed|copied/, 'nothing is copied that is seen');
  const streamed = await runWith('look', true);
  assert.match(
    streamed.told,
    /rank 0 \(.*\) cannot see the data \(.*no such file.*\): its rows are streamed, about \d+ % of its traffic/,
  );
  assert.match(streamed.told, /worker: rows of [\d.]+ MB were sent to it; it waited for them/);
  const copied = await runWith('copy', true);
  assert.match(copied.told, /rank 0 \(.*\) copied the data into .*copy-[0-9a-f]{32}\.rows/);
  const copies = readdirSync(copied.dataDir).map((name) => scanRowCache(join(copied.dataDir, name)));
  assert.deepEqual(
    copies.map((copy) => copy.rowCount),
    [rowCount, rowCount],
    'of training and test data, whole',
  );
  assert.deepEqual([streamed.digest, copied.digest], [seen.digest, seen.digest]);
});

/** Opening data: one cache for one content, however often and by however many it is opened; memory that stays. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeMat } from '../../shared/data/mat-writer.ts';
import { openDataset } from '../../shared/data/open.ts';
import { scanRowCache } from '../../shared/data/row-cache.ts';
import { createPainter } from '../../shared/data/synthetic.ts';
import { exitCodes } from '../../shared/errors.ts';
import { refuses } from '../support/collect.ts';
import { goldenLabels, goldenMat, goldenRows } from '../support/golden-mat.ts';
import { temporaryFolder } from '../support/temporary.ts';

test('the same content has the same hash, whatever file and compression it came from', async () => {
  const cacheDir = temporaryFolder();
  const hashes = new Set<string>();
  for (const name of ['stored', 'compressed', 'labels-first', 'labels-int32']) {
    const dataset = await openDataset([goldenMat(name)], { cacheDir });
    const out = new Uint8Array(goldenRows().length);
    dataset.readRows(Uint32Array.from(goldenLabels().keys()), out);
    assert.deepEqual(out, goldenRows());
    assert.deepEqual(dataset.labels, goldenLabels());
    hashes.add(dataset.hash);
    dataset.close();
  }
  assert.equal(hashes.size, 1);
});

test('a cache is made once, and anew when its source changes', async () => {
  const [folder, cacheDir] = [temporaryFolder(), temporaryFolder()];
  const path = join(folder, 'a.mat');
  copyFileSync(goldenMat('stored'), path);
  const open = async (): Promise<{ hash: string; made: boolean }> => {
    let made = false;
    const dataset = await openDataset([path], { cacheDir, onProgress: () => (made = true) });
    dataset.close();
    return { hash: dataset.hash, made };
  };
  const first = await open();
  assert.deepEqual([first.made, (await open()).made], [true, false]);
  utimesSync(path, 1, 1);
  assert.deepEqual(await open(), { hash: first.hash, made: true });
  copyFileSync(goldenMat('grey'), path);
  assert.notEqual((await open()).hash, first.hash);
});

test('many who open at once end with one whole cache', async () => {
  const cacheDir = temporaryFolder();
  const synthetic = { rowCount: 200, seed: 5 };
  const opened = await Promise.all(
    [1, 2, 3, 4].map(() => openDataset(['synthetic'], { cacheDir, synthetic })),
  );
  opened.forEach((dataset) => dataset.close());
  assert.equal(new Set(opened.map(({ hash }) => hash)).size, 1);
  const [name, ...others] = readdirSync(cacheDir);
  assert.deepEqual(others, []);
  scanRowCache(join(cacheDir, name!)).close();
});

test('two processes that convert at once both open the same rows', async () => {
  const cacheDir = temporaryFolder();
  const script = `
    const { openDataset } = await import(${JSON.stringify(new URL('../../shared/data/open.ts', import.meta.url).href)});
    const { spawn } = await import('node:child_process');
    const other = process.argv[2] === 'first' &&
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', process.env.SCRIPT, process.argv[1]], { stdio: 'inherit' });
    const data = await openDataset(['synthetic'], { cacheDir: process.argv[1], synthetic: { rowCount: 1500, seed: 2 } });
    console.log(data.hash);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, cacheDir, 'first'];
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, SCRIPT: script },
  });
  assert.equal(status, 0);
  const [first, second] = stdout.trim().split('\n');
  assert.match(first!, /^[0-9a-f]{64}$/);
  assert.equal(first, second);
  assert.equal(readdirSync(cacheDir).length, 1);
});

test('synthetic digits are what the painter paints', async (context) => {
  const cacheDir = temporaryFolder();
  const dataset = await openDataset(['synthetic'], { cacheDir, synthetic: { rowCount: 100, seed: 9 } });
  context.after(() => dataset.close());
  const [expected, got] = [new Uint8Array(3072), new Uint8Array(3072)];
  const label = createPainter(9).paint(93, expected);
  dataset.readRows(Uint32Array.of(93), got);
  assert.deepEqual(got, expected);
  assert.equal(dataset.labels![93], label);
  assert.match(dataset.name, /synthetic \(100 rows, seed 9\)/);
});

test('mixtures, missing files, folders and unusable cache folders are refused', async () => {
  const folder = temporaryFolder();
  const open = (paths: string[], cacheDir = folder): Promise<unknown> => openDataset(paths, { cacheDir });
  await refuses(
    () => open(['synthetic', goldenMat('stored')]),
    ['synthetic alone or files alone'],
    exitCodes.usage,
  );
  await refuses(() => open([join(folder, 'none.mat')]), ['none.mat: no such file']);
  await refuses(() => open([join(folder, 'none')]), ['none: no such file']);
  await refuses(() => open([folder]), ['got a folder, expected a file']);
  writeFileSync(join(folder, 'file'), '');
  const inFile = join(folder, 'file', 'cache');
  await refuses(
    () => open(['synthetic'], inFile),
    ['the folder of row caches cannot be made'],
    exitCodes.configuration,
  );
});

test('memory does not grow with the file: 60,000 images are converted within what 3,000 took, and a little', async () => {
  const folder = temporaryFolder();
  const shape = { height: 32, width: 32, channels: 3 };
  const write = async (name: string, rowCount: number): Promise<string> => {
    function* rows(): Generator<Uint8Array> {
      for (let i = 0; i < rowCount; i += 100) {
        const block = new Uint8Array(100 * 3072);
        for (let at = 0; at < block.length; at += 512) block[at] = at * i;
        yield block;
      }
    }
    const path = join(folder, name);
    await writeMat(path, { shape, rowCount, rows: rows(), labels: () => new Uint8Array(rowCount).fill(3) });
    return path;
  };
  const script = `
    const { openDataset } = await import(${JSON.stringify(new URL('../../shared/data/open.ts', import.meta.url).href)});
    const sizes = [];
    for (const path of process.argv.slice(1)) {
      (await openDataset([path], { cacheDir: ${JSON.stringify(folder)} })).close();
      sizes.push(process.resourceUsage().maxRSS);
    }
    console.log(JSON.stringify(sizes));`;
  const paths = [await write('small.mat', 3000), await write('large.mat', 60_000)];
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, ...paths];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const [small, large] = JSON.parse(stdout) as [number, number]; // KiB
  assert.ok(large - small < 64 * 1024, `${small} KiB, then ${large} KiB`); // the pixels are 180,000
});

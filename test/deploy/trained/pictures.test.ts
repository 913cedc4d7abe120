/** Pictures from a checkpoint's file: of the size that was asked for, the same for the same seed. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { readSnapshot, writeSnapshot } from '../../../coordinator/run/checkpoint.ts';
import { enlargement } from '../../../coordinator/run/grid.ts';
import { checkCount, checkSeed, reconstruct, sample } from '../../../deploy/trained/pictures.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { writeTrainedRun } from '../../support/trained-run.ts';

const cell = 6 * enlargement({ height: 6, width: 6, channels: 1 });

test('samples fill a square, and depend on the seed alone', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const draw = async (seed: number | null, name: string): Promise<Buffer> => {
    const out = join(folder, name);
    await sample({ path, count: 9, seed, out, runtime: 'wasm', cacheDir: folder, say: () => {} });
    return readFileSync(out);
  };
  const first = await draw(5, 'a.png');
  const { width, height } = PNG.sync.read(first);
  assert.ok(width >= 3 * cell && width < 4 * cell && height === width);
  assert.deepEqual(await draw(5, 'b.png'), first);
  assert.notDeepEqual(await draw(6, 'c.png'), first);
});

test('reconstructions stand beside their originals', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const out = join(folder, 'pairs.png');
  await reconstruct({
    path,
    files: [],
    split: null,
    count: 4,
    seed: null,
    out,
    runtime: 'wasm',
    cacheDir: folder,
    say: () => {},
  });
  const { width, height } = PNG.sync.read(readFileSync(out));
  assert.ok(width >= 4 * cell && height >= 2 * cell && height < 3 * cell);
});

test('a place that cannot be written to is named', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const out = join(folder, 'no', 'such', 'folder.png');
  await assert.rejects(
    sample({ path, count: 1, seed: null, out, runtime: 'wasm', cacheDir: folder, say: () => {} }),
    /--out/,
  );
});

test('without its data a checkpoint whose statistics are old is refused, and says what it needs', async () => {
  const folder = temporaryFolder();
  const { path, config } = await writeTrainedRun(folder);
  renameSync(config.data[0]!, join(folder, 'elsewhere'));
  const lines: string[] = [];
  const request = {
    path,
    count: 1,
    seed: null,
    out: join(folder, 'x.png'),
    runtime: 'wasm',
    cacheDir: folder,
  } as const;
  await assert.rejects(
    sample({ ...request, say: (line) => void lines.push(line) }),
    /no batch-norm statistics/,
  );
  assert.match(lines.join('\n'), /going on without the run's data/);
});

test('a checkpoint knows the shape of its images, so that samples need no data', async () => {
  const folder = temporaryFolder();
  const { path, config } = await writeTrainedRun(folder);
  const { info, snapshot, frozen } = readSnapshot(path);
  const image = { height: 4, width: 9, channels: 1 }; // as many pixels as 6 x 6
  const count = 2 * snapshot.model.statistics.reduce((sum, { size }) => sum + size, 0);
  const progress = { ...snapshot.progress, evaluatedStep: snapshot.progress.step };
  const statistics = new Float32Array(count).fill(1);
  await writeSnapshot(path, { ...snapshot, statistics, progress }, { ...info, image }, frozen);
  renameSync(config.data[0]!, join(folder, 'elsewhere'));
  const out = join(folder, 'oblong.png');
  await sample({ path, count: 4, seed: null, out, runtime: 'wasm', cacheDir: folder, say: () => {} });
  const { width, height } = PNG.sync.read(readFileSync(out));
  assert.ok(width > 2 * height);
});

test('counts and seeds out of range are usage errors', () => {
  assert.equal(checkCount(1), 1);
  assert.equal(checkSeed(undefined), null);
  for (const count of [0, 1.5, NaN, 10_001]) assert.throws(() => checkCount(count), { exitCode: 64 });
  for (const seed of [-1, 0.5, 2 ** 32]) assert.throws(() => checkSeed(seed), { exitCode: 64 });
});

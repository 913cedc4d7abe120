/** Runs on a bfloat16 wire as real processes: one digest for any number of workers, and not float32's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLockstep, train } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const small = [...smallRun, '--runtime', 'wasm'];

test('a run on a bfloat16 wire ends in the same bits with 1, 2 and 3 workers, resumed or not', async () => {
  const folder = temporaryFolder();
  const runDirOf = (workers: number): string => join(folder, `${workers}`);
  const begin = (workers: number, steps: number, wire: string, runDir = runDirOf(workers)) => {
    const flags = { wire, steps, workers, 'run-dir': runDir };
    return train([...small, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`])]);
  };
  const digests = new Set<string>();
  for (const workers of [1, 2]) digests.add((await begin(workers, 8, 'bfloat16')).parametersSha256);
  await begin(3, 5, 'bfloat16');
  const resume = ['--resume', runDirOf(3), '--steps', '8'];
  const otherwise = await runLockstep(['train', ...resume, '--wire', 'float32']);
  assert.equal(otherwise.code, 64);
  assert.match(otherwise.stderr, /--wire float32: the run was begun with bfloat16/);
  digests.add((await train([...resume, '--workers', '3'])).parametersSha256);
  assert.equal(digests.size, 1);
  const { parametersSha256 } = await begin(2, 8, 'float32', join(folder, 'float32'));
  assert.ok(!digests.has(parametersSha256));
  assert.match(readFileSync(join(runDirOf(3), 'config.yaml'), 'utf8'), /^wire: bfloat16$/m);
});

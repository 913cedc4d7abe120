/** Whole runs on WebGPU, as processes: the same bits with any number of workers, and an end to each process. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { idx } from '../../support/idx.ts';
import { runLockstep, train } from '../../support/lockstep.ts';
import { requiresSwiftshader, swiftshader } from '../../support/swiftshader.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const [rowCount, side] = [200, 6];
const flags = (
  '--runtime webgpu --components 8 --width 24 --latent 8 --encoder-blocks 1 --branch-blocks 0 --decoder-blocks 1 ' +
  '--batch-size 40 --micro-batch-size 20 --steps 2 --picture-every 0 --evaluation-rows 20 --statistics-rows 20'
).split(' ');

/** Small pictures, so that a driver that computes on the CPU is done with them soon. */
function picturesIn(folder: string): string {
  const path = join(folder, 'pictures-idx3-ubyte');
  const pixels = Array.from({ length: rowCount * side * side }, (_, index) => (index * index) % 251);
  writeFileSync(path, idx([rowCount, side, side], pixels));
  return path;
}

suite('a run on WebGPU', { timeout: 280_000 }, () => {
  test('ends in the same bits with 1 and 2 workers, and can be evaluated', async (context) => {
    if (!requiresSwiftshader(context)) return;
    const folder = temporaryFolder();
    const words = [...flags, '--allow-cpu', '--data', picturesIn(folder)];
    const digests = new Set<string>();
    for (const workers of ['1', '2']) {
      const runDir = join(folder, workers);
      const summary = await train([...words, '--workers', workers, '--run-dir', runDir], swiftshader);
      assert.deepEqual([summary.runtime, summary.steps], ['webgpu', 2]);
      assert.ok(Number.isFinite(summary.loss) && Number.isFinite(summary.heldOutLoss));
      digests.add(summary.parametersSha256);
    }
    assert.equal(digests.size, 1);
    const { code, stdout, stderr } = await runLockstep(
      ['evaluate', join(folder, '1'), '--json'],
      swiftshader,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"nll"/);
  });

  test('on a device that computes on the CPU a worker ends in one line, unless it has leave', async (context) => {
    if (!requiresSwiftshader(context)) return;
    const words = ['worker', '--connect', 'tcp://127.0.0.1:1', '--runtime', 'webgpu'];
    const { code, stderr } = await runLockstep(words, swiftshader);
    assert.equal(code, 69, stderr);
    assert.match(stderr, /^lockstep: [^\n]*swiftshader[^\n]*--allow-cpu\n$/i);
  });
});

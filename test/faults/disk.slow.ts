/** A disk that is full, for a while or to the end: loud, training goes on, and no step is lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { stepsIn, summaryOf, train, until } from '../support/lockstep.ts';
import { requiresTmpfs } from '../support/requires.ts';

const steps = 60;
const words = ['--steps', `${steps}`, '--workers', '1', '--checkpoint-every', '4steps'];

test('a full disk for a while costs checkpoints, and nothing else', async (context) => {
  const disk = openDisk(context);
  if (disk === null) return;
  const run = await startRun([...words, '--run-dir', join(disk.path, 'run')], context);
  run.add();
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  disk.fill();
  await run.says(/CHECKPOINT of step \d+ could not be written: ENOSPC/);
  disk.empty();
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(steps, context));
  assert.equal(stepsIn(run.runDir), steps);
});

test('a full disk to the end: exit code 1, and once there is room the run goes on from what was saved', async (context) => {
  const disk = openDisk(context);
  if (disk === null) return;
  const run = await startRun([...words, '--run-dir', join(disk.path, 'run')], context);
  run.add();
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  disk.fill();
  const { code, stderr } = await run.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`the last checkpoint, of step ${steps}, was not written .*--resume`));
  disk.empty();
  const resumed = await train(['--resume', run.runDir, '--workers', '1']);
  assert.equal(resumed.parametersSha256, await undisturbed(steps, context));
  assert.equal(stepsIn(run.runDir), steps);
});

/** A small disk of its own. */
function openDisk(context: TestContext) {
  const path = mkdtempSync(join(tmpdir(), 'lockstep-disk-'));
  context.after(() => {
    spawnSync('umount', ['--lazy', path]);
    rmSync(path, { recursive: true, force: true });
  });
  if (!requiresTmpfs(path, '6m', context)) return null;
  const filler = join(path, 'filler');
  return {
    path,
    /** To the last page, whatever others write meanwhile. */
    fill() {
      const file = openSync(filler, 'w');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler),
  };
}

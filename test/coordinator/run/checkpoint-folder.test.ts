import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  checkpointName,
  checkpointSteps,
  loadNewest,
  readPointer,
  removeOldCheckpoints,
  resolveCheckpoint,
  setPointer,
} from '../../../coordinator/run/checkpoint-folder.ts';
import { writeSnapshot } from '../../../coordinator/run/checkpoint.ts';
import { assertSameBits, smallFrozen, snapshotAt, someFacts } from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function write(
  folder: string,
  ...steps: readonly (readonly [step: number, best: boolean])[]
): Promise<void> {
  for (const [step, best] of steps) {
    await writeSnapshot(
      join(folder, checkpointName(step)),
      snapshotAt(step),
      { ...someFacts, best },
      smallFrozen,
    );
  }
}

test('the newest that is whole is loaded; damaged ones are named, set aside, and tried no more', async () => {
  const folder = temporaryFolder();
  await write(folder, [10, true], [20, false], [30, true], [40, false]);
  truncateSync(join(folder, checkpointName(40)), 1000);
  const torn = readFileSync(join(folder, checkpointName(30)));
  torn[torn.length - 1]! ^= 1;
  writeFileSync(join(folder, checkpointName(30)), torn);
  setPointer(folder, 'best', 30);

  const { checkpoint, path, bestStep, messages } = loadNewest(folder);
  assertSameBits(checkpoint.snapshot, snapshotAt(20));
  assert.equal(path, join(folder, checkpointName(20)));
  assert.equal(messages.length, 2);
  assert.match(messages[0]!, /step-00000040\.safetensors/);
  assert.match(messages[1]!, /DAMAGED.*step-00000030\.safetensors.*SHA-256/);
  assert.equal(bestStep, 10);
  assert.equal(readPointer(folder, 'best'), join(folder, checkpointName(10)));
  assert.equal(readPointer(folder, 'latest'), join(folder, checkpointName(20)));
  assert.deepEqual(checkpointSteps(folder), [10, 20]);
  assert.deepEqual(loadNewest(folder).messages, []);
});

test('pointers that a crash left behind are mended', async () => {
  const folder = temporaryFolder();
  await write(folder, [10, true], [20, true]);
  setPointer(folder, 'latest', 10);
  setPointer(folder, 'best', 10);
  assert.equal(loadNewest(folder).bestStep, 20);
  assert.equal(resolveCheckpoint(folder), join(folder, checkpointName(20)));
});

test('without one that is whole, nothing is touched', async () => {
  const folder = temporaryFolder();
  await write(folder, [10, false]);
  truncateSync(join(folder, checkpointName(10)), 10);
  assert.throws(() => loadNewest(folder), { exitCode: 65, message: /no checkpoint of .*step-00000010/ });
  assert.deepEqual(readdirSync(folder), [checkpointName(10)]);
  rmSync(join(folder, checkpointName(10)));
  assert.throws(() => loadNewest(folder), { exitCode: 65, message: /it holds none/ });
});

test('whatever is kept, the best and the newest are among it', async () => {
  const parent = temporaryFolder();
  let trial = 0;
  const steps = fc.uniqueArray(fc.nat(10 ** 9), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 0, max: 5 }), fc.nat(11), async (all, keep, pick) => {
      const folder = join(parent, String((trial += 1)));
      mkdirSync(folder);
      for (const step of all) writeFileSync(join(folder, checkpointName(step)), '');
      const best = pick < all.length ? all[pick]! : null;
      const removed = await removeOldCheckpoints(folder, keep, best);
      const left = checkpointSteps(folder);
      const newest = [...all].sort((a, b) => a - b).slice(-Math.max(1, keep));
      assert.deepEqual(
        left,
        [...new Set([...newest, ...(best === null ? [] : [best])])].sort((a, b) => a - b),
      );
      assert.equal(left.length + removed.length, all.length);
    }),
    { numRuns: 60 },
  );
});

test('a checkpoint is found by a run folder, its checkpoints, or itself: the best, else the latest', async () => {
  const run = temporaryFolder();
  const folder = join(run, 'checkpoints');
  mkdirSync(folder);
  assert.throws(() => resolveCheckpoint(run), { exitCode: 65, message: /holds no checkpoint/ });
  await write(folder, [5, false], [7, false]);
  const [five, seven] = [5, 7].map((step) => join(folder, checkpointName(step)));
  assert.equal(resolveCheckpoint(run), seven);
  setPointer(folder, 'latest', 5);
  assert.equal(resolveCheckpoint(run), five);
  setPointer(folder, 'best', 7);
  for (const path of [run, folder, seven!]) assert.equal(resolveCheckpoint(path), seven);
  assert.throws(() => resolveCheckpoint(join(run, 'missing')), {
    exitCode: 65,
    message: /no such file or folder/,
  });
});

test('a pointer never leads out of its folder', () => {
  const folder = temporaryFolder();
  assert.equal(readPointer(folder, 'best'), null);
  for (const text of ['../step-00000001.safetensors', '/etc/passwd', '', checkpointName(1)]) {
    writeFileSync(join(folder, 'best'), text);
    assert.throws(() => readPointer(folder, 'best'), { exitCode: 65, message: /is no checkpoint there/ });
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { checkpointSteps, readPointer } from '../../../coordinator/run/checkpoint-folder.ts';
import {
  createCheckpointQueue,
  type CheckpointQueueOptions,
} from '../../../coordinator/run/checkpoint-queue.ts';
import { readSnapshot } from '../../../coordinator/run/checkpoint.ts';
import { configurationError } from '../../../shared/errors.ts';
import { assertSameBits, smallFrozen, snapshotAt, someFacts } from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

function open(context: TestContext, options: Partial<CheckpointQueueOptions> = {}) {
  const folder = temporaryFolder(context);
  const told = { written: [] as number[], failed: [] as string[], skipped: [] as number[] };
  const queue = createCheckpointQueue({
    folder,
    keep: 2,
    bestStep: null,
    assertOwned: () => {},
    nowMs: () => 0,
    waitingBytesMax: 2 ** 20,
    frozen: () => smallFrozen,
    onWritten: ({ step }) => told.written.push(step),
    onFailed: (error) => told.failed.push((error as Error).message),
    onSkipped: (step) => told.skipped.push(step),
    ...options,
  });
  const add = (step: number, best = false): void => queue.add(snapshotAt(step), { ...someFacts, best });
  return { folder, queue, add, told };
}

test('checkpoints are written in order; the newest and the best are kept, and pointed at', async (context) => {
  const { folder, queue, add, told } = open(context);
  for (const step of [1, 2, 3, 4, 5]) add(step, step === 2);
  assert.deepEqual(told.written, []); // the caller did not wait
  await queue.idle();
  assert.deepEqual(told.written, [1, 2, 3, 4, 5]);
  assert.deepEqual(checkpointSteps(folder), [2, 4, 5]);
  assert.match(readPointer(folder, 'best')!, /step-00000002/);
  assert.match(readPointer(folder, 'latest')!, /step-00000005/);
  assertSameBits(readSnapshot(readPointer(folder, 'latest')!).snapshot, snapshotAt(5));
  assert.equal(queue.lastFailure, null);
});

test('the best of an earlier sitting stays until a better one is written', async (context) => {
  const { folder, queue, add } = open(context, { bestStep: 1, keep: 1 });
  add(1, true);
  for (const step of [2, 3]) add(step);
  await queue.idle();
  assert.deepEqual(checkpointSteps(folder), [1, 3]);
  add(4, true);
  await queue.idle();
  assert.deepEqual(checkpointSteps(folder), [4]);
});

test('one that cannot be written is said, removes nothing, and the next one heals it', async (context) => {
  const { folder, queue, add, told } = open(context);
  add(1);
  await queue.idle();
  rmSync(folder, { recursive: true });
  writeFileSync(folder, ''); // a disk that refuses
  add(2);
  await queue.idle();
  assert.equal(queue.lastFailure?.step, 2);
  assert.match(told.failed[0]!, /ENOTDIR/);
  rmSync(folder);
  mkdirSync(folder);
  add(3);
  await queue.idle();
  assert.equal(queue.lastFailure, null);
  assert.deepEqual(checkpointSteps(folder), [3]);
});

test('an orphan writes none, not even one that it began in time', async (context) => {
  for (const allowed of [0, 1]) {
    let asked = 0;
    const assertOwned = (): void => {
      if (asked++ >= allowed) throw configurationError('a second coordinator took over');
    };
    const { folder, queue, add, told } = open(context, { assertOwned });
    add(1);
    await queue.idle();
    assert.deepEqual([checkpointSteps(folder), told.failed], [[], ['a second coordinator took over']]);
  }
});

test('when the disk is slow, old ones that wait are let go, the best and the newest never', async (context) => {
  const bytes = 3 * 9 * 4; // of one snapshot
  const { folder, queue, add, told } = open(context, { waitingBytesMax: 2 * bytes, keep: 9 });
  add(1); // is being written at once
  add(2, true);
  for (const step of [3, 4, 5]) add(step);
  assert.deepEqual(told.skipped, [3, 4]);
  await queue.idle();
  assert.deepEqual(checkpointSteps(folder), [1, 2, 5]);
  assert.equal(join(folder, 'step-00000002.safetensors'), readPointer(folder, 'best'));
});

test('a limit below one snapshot still lets the newest through', async (context) => {
  const { queue, add, told } = open(context, { waitingBytesMax: 1 });
  for (const step of [1, 2, 3]) add(step);
  await queue.idle();
  assert.deepEqual([told.written, told.skipped], [[1, 3], [2]]);
});

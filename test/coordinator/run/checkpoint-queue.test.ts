import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkpointSteps, readPointer } from '../../../coordinator/run/checkpoint-folder.ts';
import {
  createCheckpointQueue,
  type CheckpointQueueOptions,
} from '../../../coordinator/run/checkpoint-queue.ts';
import { readSnapshot } from '../../../coordinator/run/checkpoint.ts';
import type { Snapshot } from '../../../coordinator/journal.ts';
import { configurationError } from '../../../shared/errors.ts';
import { assertSameBits, smallFrozen, snapshotAt, someFacts } from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

function open(options: Partial<CheckpointQueueOptions> = {}) {
  const folder = temporaryFolder();
  const told = { written: [] as number[], failed: [] as string[], skipped: [] as number[] };
  const queue = createCheckpointQueue({
    folder,
    keep: 2,
    bestStep: null,
    assertOwned: () => {},
    nowMs: () => 0,
    frozen: () => smallFrozen,
    prepare: async () => {},
    onDone: () => {},
    onWritten: ({ step }) => told.written.push(step),
    onFailed: (error) => told.failed.push((error as Error).message),
    onSkipped: (step) => told.skipped.push(step),
    ...options,
  });
  const add = (step: number, best = false): void => queue.add(snapshotAt(step), { ...someFacts, best });
  return { folder, queue, add, told };
}

test('checkpoints are written in order; the newest and the best are kept, and pointed at', async () => {
  const { folder, queue, add, told } = open();
  for (const step of [1, 2, 3, 4, 5]) {
    add(step, step === 2);
    assert.ok(!told.written.includes(step) && queue.busy); // the caller did not wait
    await queue.idle();
  }
  assert.ok(!queue.busy);
  assert.deepEqual(told.written, [1, 2, 3, 4, 5]);
  assert.deepEqual(checkpointSteps(folder), [2, 4, 5]);
  assert.match(readPointer(folder, 'best')!, /step-00000002/);
  assert.match(readPointer(folder, 'latest')!, /step-00000005/);
  assertSameBits(readSnapshot(readPointer(folder, 'latest')!).snapshot, snapshotAt(5));
  assert.equal(queue.lastFailure, null);
});

test('the best of an earlier sitting stays until a better one is written', async () => {
  const { folder, queue, add } = open({ bestStep: 1, keep: 1 });
  add(1, true);
  for (const step of [2, 3]) {
    add(step);
    await queue.idle();
  }
  assert.deepEqual(checkpointSteps(folder), [1, 3]);
  add(4, true);
  await queue.idle();
  assert.deepEqual(checkpointSteps(folder), [4]);
});

test('one that cannot be written is said, removes nothing, and the next one heals it', async () => {
  const { folder, queue, add, told } = open();
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

test('an orphan writes none, not even one that it began in time', async () => {
  for (const allowed of [0, 1]) {
    let asked = 0;
    const assertOwned = (): void => {
      if (asked++ >= allowed) throw configurationError('a second coordinator took over');
    };
    const { folder, queue, add, told } = open({ assertOwned });
    add(1);
    await queue.idle();
    assert.deepEqual([checkpointSteps(folder), told.failed], [[], ['a second coordinator took over']]);
  }
});

test('of those that wait only the newest and the newest best are kept, and arrays are given back', async () => {
  const done: number[] = [];
  const onDone = ({ progress }: Snapshot): void => void done.push(progress.step);
  const { folder, queue, add, told } = open({ keep: 9, onDone });
  add(1); // is being written at once
  add(2, true);
  for (const step of [3, 4]) add(step);
  add(5, true);
  add(6);
  assert.deepEqual(
    [told.skipped, done],
    [
      [3, 2, 4],
      [3, 2, 4],
    ],
  );
  await queue.idle();
  assert.deepEqual(checkpointSteps(folder), [1, 5, 6]);
  assert.deepEqual(done, [3, 2, 4, 1, 5, 6]);
  assert.equal(join(folder, 'step-00000005.safetensors'), readPointer(folder, 'best'));
});

test('what must be on disk before a checkpoint is, before it is written', async () => {
  const seen: number[][] = [];
  const { folder, queue, add } = open({
    prepare: async () => void seen.push(checkpointSteps(folder)),
  });
  for (const step of [1, 2]) {
    add(step);
    await queue.idle();
  }
  assert.deepEqual(seen, [[], [1]]);
});

/**
 * Writes checkpoints one after another while training goes on.
 *
 * One is written at a time. A disk slower than the training must not fill the memory with snapshots: while it is
 * busy none should be asked for but of a best evaluation and of the run's end, and of those that wait only the
 * newest and the newest best are kept; others are let go, and said to be. A checkpoint that cannot be written
 * stops nobody either, but the last one asked for is remembered: a run must not end well without it.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshot } from '../journal.ts';
import { checkpointName, movePointer, removeOldCheckpoints } from './checkpoint-folder.ts';
import type { CheckpointFacts } from './checkpoint-info.ts';
import { writeSnapshot } from './checkpoint.ts';

export interface WrittenCheckpoint {
  readonly step: number;
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly best: boolean;
}

export interface CheckpointQueueOptions {
  readonly folder: string;
  readonly keep: number; // beside the best
  readonly bestStep: number | null; // of the checkpoints that are there already
  readonly assertOwned: () => void;
  readonly nowMs: () => number;
  readonly frozen: (snapshot: Snapshot) => Float32Array;
  /** Comes before each one is written. */
  readonly prepare: () => Promise<void>;
  /** The arrays of a snapshot are free again. */
  readonly onDone: (snapshot: Snapshot) => void;
  readonly onWritten: (checkpoint: WrittenCheckpoint) => void;
  readonly onFailed: (error: unknown, step: number) => void;
  readonly onSkipped: (step: number) => void;
}

export interface CheckpointQueue {
  add(snapshot: Snapshot, facts: CheckpointFacts): void;
  /** Whether one is being written. */
  readonly busy: boolean;
  /** Settles when nothing waits any more; never rejects. */
  idle(): Promise<void>;
  /** Why the last checkpoint asked for was not written; null when it was, or when none was asked for. */
  readonly lastFailure: { readonly error: unknown; readonly step: number } | null;
}

interface Entry {
  readonly snapshot: Snapshot;
  readonly facts: CheckpointFacts;
}

export function createCheckpointQueue(options: CheckpointQueueOptions): CheckpointQueue {
  const waiting: Entry[] = [];
  let bestStep = options.bestStep;
  let lastFailure: CheckpointQueue['lastFailure'] = null;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const { step } = entry.snapshot.progress;
      try {
        await write(entry);
        lastFailure = null;
      } catch (error) {
        lastFailure = { error, step };
        options.onFailed(error, step);
      }
      options.onDone(entry.snapshot);
    }
    working = null;
  }

  /** The order matters: a crash anywhere in between leaves whole files, and pointers to files that are there. */
  async function write({ snapshot, facts }: Entry): Promise<void> {
    const { folder, assertOwned, keep, nowMs } = options;
    const { step } = snapshot.progress;
    const beganMs = nowMs();
    const path = join(folder, checkpointName(step));
    assertOwned();
    await options.prepare();
    await writeSnapshot(path, snapshot, facts, options.frozen(snapshot), assertOwned);
    await movePointer(folder, 'latest', step, assertOwned);
    if (facts.best) {
      await movePointer(folder, 'best', step, assertOwned);
      bestStep = step;
    }
    assertOwned();
    await removeOldCheckpoints(folder, keep, bestStep);
    const { size: bytes } = await stat(path);
    options.onWritten({ step, path, bytes, seconds: (nowMs() - beganMs) / 1000, best: facts.best });
  }

  function letGo(): void {
    const newestBest = waiting.findLast(({ facts }) => facts.best);
    for (const entry of waiting.splice(0, waiting.length - 1)) {
      if (entry === newestBest) waiting.unshift(entry);
      else {
        options.onSkipped(entry.snapshot.progress.step);
        options.onDone(entry.snapshot);
      }
    }
  }

  return {
    add(snapshot, facts) {
      waiting.push({ snapshot, facts });
      letGo();
      working ??= work();
    },
    get busy() {
      return working !== null;
    },
    async idle() {
      await working; // it takes up whatever is added in the meantime
    },
    get lastFailure() {
      return lastFailure;
    },
  };
}

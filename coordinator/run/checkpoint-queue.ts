/**
 * Writes checkpoints one after another while training goes on.
 *
 * A disk slower than the training must not fill the memory with snapshots: beyond a limit the oldest waiting one
 * that is not the best is let go, and said to be. A checkpoint that cannot be written stops nobody either, but
 * the last one asked for is remembered: a run must not end well without it.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../journal.ts';
import { checkpointName, removeOldCheckpoints, setPointer } from './checkpoint-folder.ts';
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
  readonly waitingBytesMax: number;
  readonly frozen: (snapshot: Snapshot) => Float32Array;
  readonly onWritten: (checkpoint: WrittenCheckpoint) => void;
  readonly onFailed: (error: unknown, step: number) => void;
  readonly onSkipped: (step: number) => void;
}

export interface CheckpointQueue {
  add(snapshot: Snapshot, facts: CheckpointFacts): void;
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
    await writeSnapshot(path, snapshot, facts, options.frozen(snapshot), assertOwned);
    setPointer(folder, 'latest', step);
    if (facts.best) {
      setPointer(folder, 'best', step);
      bestStep = step;
    }
    assertOwned();
    removeOldCheckpoints(folder, keep, bestStep);
    const { size: bytes } = statSync(path);
    options.onWritten({ step, path, bytes, seconds: (nowMs() - beganMs) / 1000, best: facts.best });
  }

  function letGo(): void {
    let bytes = waiting.reduce((sum, { snapshot }) => sum + bytesOf(snapshot), 0);
    while (bytes > options.waitingBytesMax) {
      const index = waiting.slice(0, -1).findIndex(({ facts }) => !facts.best);
      const [entry] = waiting.splice(index === -1 ? 0 : index, waiting.length > 1 ? 1 : 0);
      if (entry === undefined) return; // the newest is never let go
      bytes -= bytesOf(entry.snapshot);
      options.onSkipped(entry.snapshot.progress.step);
    }
  }

  return {
    add(snapshot, facts) {
      waiting.push({ snapshot, facts });
      letGo();
      working ??= work();
    },
    async idle() {
      await working; // it takes up whatever is added in the meantime
    },
    get lastFailure() {
      return lastFailure;
    },
  };
}

const bytesOf = ({ parameters, firstMoment, secondMoment }: Snapshot): number =>
  parameters.byteLength + firstMoment.byteLength + secondMoment.byteLength;

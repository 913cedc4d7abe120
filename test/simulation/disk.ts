/**
 * The disk with the run folder: history and checkpoints in memory, in virtual time; the owner is the program's own,
 * in a real folder, since what fences a second coordinator off is to be tried.
 *
 * A checkpoint is there or not: files that are half written never bear its name. What the disk checks is the
 * promise of the run folder: only the newest owner writes, and every step is in the history once.
 */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assertOwner, claimNext } from '../../coordinator/run/owner.ts';
import type { Snapshot } from '../../coordinator/journal.ts';

export interface Disk {
  full: boolean;
  /** Takes the run folder over. @returns the incarnation, and the newest checkpoint that can be read */
  claim(): { readonly incarnation: number; readonly newest: Snapshot | null };
  /** @throws LockstepError (78) when a newer incarnation owns the folder */
  assertOwned(incarnation: number): void;
  /** Adds steps to the history. */
  writeHistory(incarnation: number, steps: readonly number[]): void;
  /** @throws where the disk is full */
  writeCheckpoint(incarnation: number, snapshot: Snapshot): void;
  /** Spoils the newest checkpoint, unless it is the only one. @returns its step */
  rot(): number | null;
  readonly history: readonly number[];
}

const kept = 3; // checkpoints

/** @param folder for owners; those of an earlier disk are removed @param violate is told of what must never happen */
export function createDisk(folder: string, violate: (what: string) => void): Disk {
  removeOwners(folder);
  let checkpoints: { readonly snapshot: Snapshot; readable: boolean }[] = []; // ascending
  let history: number[] = [];
  let newestOwner = 0;

  function assertNewest(incarnation: number, what: string): void {
    if (incarnation !== newestOwner)
      violate(`incarnation ${incarnation} wrote ${what}, and incarnation ${newestOwner} owns the folder`);
  }

  return {
    full: false,
    claim() {
      const incarnation = claimNext(folder, { host: 'host', pid: 1, startedAt: 'then' });
      newestOwner = incarnation;
      checkpoints = checkpoints.filter(({ readable }) => readable);
      const newest = checkpoints.at(-1)?.snapshot ?? null;
      history = history.slice(0, newest?.progress.step ?? 0);
      return { incarnation, newest };
    },
    assertOwned: (incarnation) => assertOwner(folder, incarnation),
    writeHistory(incarnation, steps) {
      assertNewest(incarnation, 'history');
      for (const step of steps) {
        if (step !== history.length)
          violate(`step ${step} was committed where step ${history.length} was next`);
        history.push(step);
      }
    },
    writeCheckpoint(incarnation, snapshot) {
      if (this.full) throw new Error('ENOSPC: no space left on device, write');
      const { step } = snapshot.progress;
      assertNewest(incarnation, `the checkpoint of step ${step}`);
      checkpoints = checkpoints.filter((one) => one.snapshot.progress.step !== step);
      checkpoints = [...checkpoints, { snapshot: copyOf(snapshot), readable: true }].slice(-kept);
    },
    rot() {
      const whole = checkpoints.filter(({ readable }) => readable);
      if (whole.length < 2) return null;
      whole.at(-1)!.readable = false;
      return whole.at(-1)!.snapshot.progress.step;
    },
    get history() {
      return history;
    },
  };
}

/** As a file is one: what becomes of the snapshot's arrays does not matter to it. */
const copyOf = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  parameters: snapshot.parameters.slice(),
  firstMoment: snapshot.firstMoment.slice(),
  secondMoment: snapshot.secondMoment.slice(),
});

function removeOwners(folder: string): void {
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
}

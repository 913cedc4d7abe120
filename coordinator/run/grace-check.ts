/**
 * Says when a run that is told to end might be killed before its last checkpoint is on disk.
 *
 * A step that is under way is given up, so what takes time is one checkpoint that is just being written, and then
 * the last one: twice the time of one. Until one was written that time is an estimate, from its size and the rate
 * of a slow disk; a checkpoint holds three float32 for each parameter that is trained.
 */
import { formatNumber } from '../../shared/text.ts';
import type { TerminationGrace } from '../../shared/runtime/termination-grace.ts';

export interface GraceCheck {
  /** Told as soon as the model is known. */
  expect(parameterCount: number): void;
  /** Told of each checkpoint that was written. */
  written(checkpoint: { readonly bytes: number; readonly seconds: number }): void;
}

const slowBytesPerSecond = 100e6; // of a disk behind a network
const valueBytes = 3 * 4; // a parameter and its moments
const spareSeconds = 5; // the copy that is written, the farewell to workers

/** @param grace null where it is not known: then nothing is said. @param say told of each kind once */
export function createGraceCheck(grace: TerminationGrace | null, say: (message: string) => void): GraceCheck {
  let isMeasured = false; // and was said to be too long

  const check = (bytes: number, seconds: number, how: string): boolean => {
    if (grace === null || 2 * seconds <= grace.seconds) return false;
    say(
      `a termination grace of ${grace.seconds} s (${grace.source}) is too short: a checkpoint of ` +
        `${formatNumber(bytes / 1e6)} MB ${how}, and one may be under way before the last; allow ` +
        `${Math.ceil(2 * seconds + spareSeconds)} s there and say so by --termination-grace-seconds, else a run ` +
        'that is told to end goes on from an older checkpoint',
    );
    return true;
  };

  return {
    expect(parameterCount) {
      const bytes = valueBytes * parameterCount;
      const seconds = bytes / slowBytesPerSecond;
      const rate = `${formatNumber(slowBytesPerSecond / 1e6)} MB/s`;
      check(bytes, seconds, `may take ${formatNumber(seconds)} s (at ${rate}, none is measured yet)`);
    },
    written({ bytes, seconds }) {
      isMeasured ||= check(bytes, seconds, `took ${formatNumber(seconds)} s`);
    },
  };
}

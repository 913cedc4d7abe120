/** Runs a benchmark as `lockstep bench` does, with one round and a cache of its own. */
import { resolve } from 'node:path';
import type { BenchContext, BenchTable, Figure } from '../../deploy/bench/benchmark.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { temporaryFolder } from './temporary.ts';

export const benchContext = (rounds = 1): BenchContext => ({
  rounds,
  clock: systemClock,
  entry: resolve(import.meta.dirname, '../../deploy/lockstep.mjs'),
  cacheFolder: temporaryFolder(),
  say: () => {},
});

/** @throws when there is no such figure, or one of its values is not a positive number */
export function positiveFigure({ figures }: BenchTable, name: string): Figure {
  const found = figures.find((figure) => figure.name.trim() === name);
  if (found === undefined) throw new Error(`no figure ${name} among ${figures.map((f) => f.name).join()}`);
  if (!found.values.every((value) => Number.isFinite(value) && value > 0))
    throw new Error(`${name} is ${found.values.join()}`);
  return found;
}

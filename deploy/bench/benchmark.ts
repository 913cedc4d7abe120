/**
 * What a benchmark is: a module of this folder that runs two or more things side by side, in alternation, and
 * gives a table of figures with their spread.
 *
 * A figure alone says more of the machine and its neighbours than of us, so what counts are ratios of things
 * that were measured in the same round (rounds.ts). A bar is what a figure's median should reach; a benchmark
 * that falls short says so and does not fail.
 */
import type { InferredOptionType, Options } from 'yargs';
import type { Clock } from '../../shared/runtime/clock.ts';

type Flags = Readonly<Record<string, Options>>;

/** What was given for the flags, by their names in camel case: `micro-batch-size` is `microBatchSize`. */
export type Given<F extends Flags> = {
  readonly [K in keyof F as CamelCase<K>]: InferredOptionType<F[K]>;
};
type CamelCase<K> = K extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : K & string;

/** One sub-command of `lockstep bench`. Its file is loaded for its help alone, so `run` imports what is large. */
export interface Benchmark<F extends Flags = Flags> {
  readonly name: string; // of the sub-command
  readonly describe: string; // for its help: what is compared with what
  readonly flags: F; // beside --rounds and --json, which all have
  readonly example: readonly [flags: string, says: string]; // for its help
  readonly defaultRounds?: number; // 5 unless said otherwise
  run(context: BenchContext, given: Given<F>): Promise<BenchTable>;
}

export interface BenchContext {
  readonly rounds: number; // at least 1
  readonly clock: Clock;
  /** The command's own file, to start `lockstep` processes with. */
  readonly entry: string;
  /** A folder for what is made once and used again; not yet there, perhaps. */
  readonly cacheFolder: string;
  /** Progress, one line on stderr. */
  say(line: string): void;
}

/** What a benchmark found, and all that `--json` prints beside the machine. */
export interface BenchTable {
  readonly name: string;
  /** Sizes, versions and whatever else the figures depend on. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly figures: readonly Figure[];
  readonly breakdowns: readonly Breakdown[]; // where the time goes; may be none
  readonly notes: readonly string[]; // a sentence each
}

export type Unit = 'ms' | 'GB/s' | 'MB/s' | 'MB' | 'GFLOPS' | 'samples/s' | 'ratio' | 'share' | 'count';

/** One quantity: its value in every round, and what is to be said of them. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly number[]; // a round each
  readonly spread: Spread;
  readonly bar: Bar | null;
}

export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

export interface Bar {
  readonly kind: 'atLeast' | 'atMost';
  readonly value: number;
}

/** A small table of its own, such as milliseconds by kernel. */
export interface Breakdown {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Keeps the types of the flags together with what `run` is given. */
export const defineBenchmark = <F extends Flags>(benchmark: Benchmark<F>): Benchmark<F> => benchmark;

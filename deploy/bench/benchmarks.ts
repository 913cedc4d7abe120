/** All benchmarks, in the order in which `lockstep bench --help` lists them. */
import type { Benchmark } from './benchmark.ts';
import { kernels } from './kernels.ts';
import { step } from './step.ts';

export const benchmarks: readonly Benchmark[] = [step, kernels];

/** All benchmarks, in the order in which `lockstep bench --help` lists them. */
import type { Benchmark } from './benchmark.ts';
import { data } from './data.ts';
import { exchange } from './exchange.ts';
import { kernels } from './kernels.ts';
import { peers } from './peers.ts';
import { scaling } from './scaling.ts';
import { step } from './step.ts';

export const benchmarks: readonly Benchmark[] = [step, exchange, kernels, data, peers, scaling];

/** What a run came to, for programs: the one JSON object of `train --json`, whose fields are fixed. */
import { sha256OfValues } from '../shared/data/safetensors.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { RunResult } from './program.ts';
import type { RunData } from './run-data.ts';
import type { Facts } from './watched.ts';

export interface RunSummary {
  readonly runDir: string;
  readonly steps: number;
  readonly epochs: number; // steps x B / N
  readonly loss: number; // of the last step, nats per sample
  readonly heldOutLoss: number | null;
  readonly samplesPerSecond: number;
  readonly parametersSha256: string; // of [P] as little-endian float32
  readonly runtime: string;
  readonly workers: number;
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly parameterCount: number;
  readonly seconds: number; // of this process
}

export function summarise(
  runDir: string,
  result: RunResult,
  facts: Facts,
  { batchSize }: Config,
  { workload: { microBatchSize } }: RunData,
  seconds: number,
): RunSummary {
  const { steps, epochs, loss, heldOutLoss, samplesPerSecond, parameterCount, parameters } = result;
  const { backend: runtime, workers } = facts;
  const parametersSha256 = sha256OfValues(parameters);
  const figures = { steps, epochs, loss, heldOutLoss, samplesPerSecond };
  const sizes = { workers, batchSize, microBatchSize, parameterCount };
  return { runDir, ...figures, parametersSha256, runtime, ...sizes, seconds };
}

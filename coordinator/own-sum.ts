/** A sum with memory of its own, for what is not a gradient: statistics, covariance, pictures. */
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkCount, chunkLength } from '../shared/math/layout.ts';
import type { Request } from './requests.ts';
import { createSum, type Sum } from './sum.ts';

export interface OwnSum {
  readonly machine: Sum;
  readonly result: Float32Array | Float64Array; // a view of its memory, which goes with it
}

/** @returns null where only scalars are summed */
export function createOwnSum(
  request: Extract<Request, { kind: 'sum' }>,
  task: number,
  attempt: number,
  { budget, createKernels }: { readonly budget: number; readonly createKernels: (bytes: number) => Kernels },
): OwnSum | null {
  const { dtype, resultLength: length, leafCount } = request;
  if (length === 0) return null;
  const bytesPerValue = dtype === 'float32' ? 4 : 8;
  const valuesPerChunk = (chunkLength * 4) / bytesPerValue;
  const slotBytes = Math.min(length, valuesPerChunk) * bytesPerValue;
  const kernels = createKernels(length * bytesPerValue + budget * (slotBytes + 64) + 64);
  const destination = kernels.allocate(length * bytesPerValue);
  const slots = Array.from({ length: budget }, () => kernels.allocate(slotBytes));
  const chunks = { first: 0, end: chunkCount(length, valuesPerChunk) };
  const machine = createSum({
    task,
    attempt,
    leafCount,
    length,
    valuesPerChunk,
    precision: dtype,
    chunks,
    kernels,
    destination,
    slots,
  });
  const result =
    dtype === 'float32' ? kernels.float32(destination, length) : kernels.float64(destination, length);
  return { machine, result };
}

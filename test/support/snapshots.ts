/** Snapshots of small models with arbitrary contents, and what must hold of two that are the same. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Snapshot } from '../../coordinator/journal.ts';
import type { CheckpointFacts } from '../../coordinator/run/checkpoint-info.ts';
import type { Basis } from '../../shared/math/pca.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';
import { configSchema } from '../../shared/runtime/config.ts';

export const smallModel: ModelDescription = {
  name: 'small',
  parameters: [
    { name: 'a/kernel', shape: [2, 3], initialiser: { kind: 'uniform', limit: Math.sqrt(6 / 5) }, l2: 1e-3 },
    { name: 'a/bias', shape: [3], initialiser: { kind: 'zeros' } },
    { name: 'head', shape: [4], initialiser: { kind: 'normal', deviation: 0.1 }, frozen: true },
  ],
  statistics: [
    { name: 'input', size: 2 },
    { name: 'a', size: 3 },
  ],
  termNames: ['loss', 'kl'],
  generative: true,
};
export const smallFrozen = Float32Array.of(0.5, -0, 1, 2); // [F]

export const someFacts: CheckpointFacts = {
  runId: 'run',
  incarnation: 1,
  config: configSchema.parse({}),
  dataHash: 'data',
  image: { height: 2, width: 2, channels: 1 },
  backend: 'fake',
  best: false,
};

const floats = (length: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength: length, maxLength: length });
const count = fc.nat();
const loss = fc.option(fc.double(), { nil: null });

const basis: fc.Arbitrary<Basis> = fc.record({
  featureCount: fc.constant(4),
  componentCount: fc.constant(2),
  mean: floats(4),
  vectors: floats(8),
  eigenvalues: floats(2),
  totalVariance: fc.double(),
  whiten: fc.boolean(),
});

/** Every number that a snapshot can hold, NaN, infinities and -0 among them. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  progress: fc.record({
    step: count,
    evaluatedStep: count,
    updates: count,
    seconds: fc.double(),
    sitting: count,
    timedSamples: count,
    timedSeconds: fc.double(),
    workers: count,
    lastLoss: fc.double(),
    heldOutLoss: loss,
    bestLoss: loss,
    stopping: fc.record({ best: loss, waited: count }),
    statistics: fc.constant(null),
    since: fc.record({
      terms: fc.dictionary(fc.constantFrom('loss', 'kl', 'reconstruction'), fc.double(), {
        noNullPrototype: true,
      }),
      samples: count,
      seconds: fc.double(),
      noise: fc.record({ stepCount: count, gradientSquares: fc.double(), noise: fc.double() }),
    }),
  }),
  parameters: floats(9),
  firstMoment: floats(9),
  secondMoment: floats(9),
  statistics: fc.option(floats(10), { nil: null }),
  basis: fc.option(basis, { nil: null }),
  model: fc.constant(smallModel),
});

/** One snapshot, of so many steps. */
export function snapshotAt(step: number, seed = step): Snapshot {
  const [snapshot] = fc.sample(anySnapshot, { seed, numRuns: 1 });
  return { ...snapshot!, progress: { ...snapshot!.progress, step } };
}

/** Deep equality that tells NaN from NaN of other bits, and -0 from 0. */
export function assertSameBits(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(bitsOf(actual), bitsOf(expected));
}

function bitsOf(value: unknown): unknown {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, bitsOf(part)]));
}

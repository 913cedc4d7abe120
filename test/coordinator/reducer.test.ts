import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../coordinator/effects.ts';
import { createReducer, reducerBytes, reducerRanges, type Report } from '../../coordinator/reducer.ts';
import { adamScalars, clipScale } from '../../shared/math/adam.ts';
import { deal } from '../../shared/math/deal.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { chunkCount, chunkLength, createLayout } from '../../shared/math/layout.ts';
import { wires, type Wire } from '../../shared/math/node-values.ts';
import {
  referenceFinish,
  referenceSquares,
  referenceStep,
  referenceSum,
} from '../../shared/math/reference.ts';
import { bfloat16Bits } from '../support/wire.ts';

const zeros = { kind: 'zeros' } as const;
const half = chunkLength / 2;
/** Two chunks and a bit; L2 on a parameter that lies across a border, and nowhere else. */
const layout = createLayout([
  { name: 'a', shape: [half], initialiser: zeros },
  { name: 'b', shape: [chunkLength], initialiser: zeros, l2: 0.03 },
  { name: 'c', shape: [half + 1000], initialiser: zeros },
]);
const { parameterCount } = layout;
const batchSize = 12;
const leafCount = 2;
const wave = (shift: number, scale: number): Float32Array =>
  Float32Array.from({ length: parameterCount }, (_, i) => scale * ((((i + shift) * 7919) % 1000) - 500));
const state = {
  parameters: wave(1, 1e-3),
  firstMoment: wave(2, 1e-4),
  secondMoment: wave(3, 1e-5).map(Math.abs),
};
const leaves = [wave(4, 0.01), wave(5, 0.02)];
const finished = leaves.map(referenceFinish);
const onWire = { float32: finished, bfloat16: finished.map(bfloat16Bits) };
const scalars = adamScalars({ learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, 4);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const same = (a: Float32Array, b: Float32Array): boolean => bytesOf(a).equals(bytesOf(b));

/** A step on so many reducers: state, reports, and the parameters that were sent. */
function stepOn(count: number, wire: Wire = 'float32') {
  const reports: Report[] = [];
  const sent = new Float32Array(parameterCount);
  const whole = new Float32Array(parameterCount);
  const reducers = reducerRanges(parameterCount, count).map((chunks) => {
    const kernels = createKernels(reducerBytes(layout, chunks, 4));
    return createReducer({ layout, chunks, kernels, budget: 4, window: 9 });
  });
  for (const reducer of reducers) {
    const offset = reducer.chunks.first * chunkLength;
    for (const name of ['parameters', 'firstMoment', 'secondMoment'] as const)
      reducer.state[name].set(state[name].subarray(offset, offset + reducer.state[name].length));
    const assignments = deal(leafCount, 2).map(([node], worker) => ({ node: node!, worker: `w${worker}` }));
    const queue = reducer.begin({ task: 1, attempt: 0, leafCount, batchSize, wire }, assignments);
    while (queue.length > 0) {
      for (const frame of framesFor(queue.shift()!, wire)) {
        const { effects, report } = reducer.take(frame);
        queue.push(...effects);
        if (report !== null) reports.push(report);
      }
    }
    reducer.attach('w0');
  }
  return {
    reports,
    commit() {
      for (const reducer of reducers) {
        for (const effect of reducer.commit(2, scalars))
          if (effect.type === 'sendFrame' && effect.frame.type === 'array')
            sent.set(effect.frame.values, effect.frame.chunk * chunkLength);
        whole.set(reducer.state.parameters, reducer.chunks.first * chunkLength);
      }
      return { sent, whole };
    },
    untouched: () =>
      reducers.every(({ state: { parameters }, chunks }) => {
        const offset = chunks.first * chunkLength;
        return same(parameters, state.parameters.subarray(offset, offset + parameters.length));
      }),
  };
}

/** What a worker sends for a credit. */
function framesFor(effect: Effect, wire: Wire) {
  if (effect.type !== 'send' || effect.message.type !== 'credit') return [];
  const { task, attempt, first, end, chunks } = effect.message;
  const values = onWire[wire][first]!; // each worker was dealt one leaf
  return chunks.map((chunk) => ({
    type: 'sum' as const,
    task,
    attempt,
    first,
    end,
    chunk,
    values: values.subarray(chunk * chunkLength, (chunk + 1) * chunkLength),
  }));
}

const l2 = new Float32Array(parameterCount);
for (const entry of layout.trained) l2.fill(entry.l2 ?? 0, entry.offset, entry.offset + entry.length);
test('a step on any number of reducers is the reference step, and what is sent is what is kept', () => {
  for (const wire of wires) {
    const expected = referenceStep(state, leaves, batchSize, l2, scalars, wire);
    for (const count of [1, 2, 9]) {
      const step = stepOn(count, wire);
      assert.equal(step.reports.length, Math.min(count, chunkCount(parameterCount)));
      const { sent, whole } = step.commit();
      assert(same(whole, expected.parameters), `${count} reducers, ${wire}`);
      assert(same(sent, whole));
    }
  }
});

test('nothing of a step is visible before its commit, and its report does not depend on the reducers', () => {
  const [one, three] = [stepOn(1), stepOn(3)];
  assert(one.untouched() && three.untouched());
  for (const name of ['squares', 'meanSquares'] as const)
    assert.deepEqual(
      three.reports.flatMap((report) => report[name]),
      one.reports[0]![name],
    );
  const mean = referenceSum(finished, { first: 0, end: leafCount }).map((value) =>
    Math.fround(value * Math.fround(1 / batchSize)),
  );
  const total = one.reports[0]!.meanSquares.reduce((sum, value) => sum + value, 0);
  assert.equal(total, referenceSquares(mean));
  assert(clipScale(total, 1e-3) < 1);
});

test('the ranges of reducers are contiguous, even, and never empty', () => {
  for (const chunks of [1, 2, 5, 46])
    for (const count of [1, 2, 3, 64]) {
      const ranges = reducerRanges(chunks * chunkLength - 5, count);
      assert.equal(ranges.length, Math.min(chunks, count));
      assert.deepEqual([ranges[0]!.first, ranges.at(-1)!.end], [0, chunks]);
      ranges.slice(1).forEach(({ first }, i) => assert.equal(first, ranges[i]!.end));
      const sizes = ranges.map(({ first, end }) => end - first);
      assert(Math.min(...sizes) >= 1 && Math.max(...sizes) - Math.min(...sizes) <= 1);
    }
});

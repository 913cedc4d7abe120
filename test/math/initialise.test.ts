/** First values: a pure function of the seed and the parameter's index, within the initialiser's bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialise, initialiseFrozen, initialiseRange } from '../../shared/math/initialise.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import {
  createLayout,
  glorotUniform,
  type LayoutEntry,
  type ParameterSpec,
} from '../../shared/math/layout.ts';

const specs: readonly ParameterSpec[] = [
  { name: 'kernel', shape: [30, 41], initialiser: glorotUniform(30, 41) },
  { name: 'bias', shape: [41], initialiser: { kind: 'zeros' } },
  { name: 'scale', shape: [5], initialiser: { kind: 'constant', value: 1.5 } },
  { name: 'head', shape: [7, 3], initialiser: { kind: 'normal', deviation: 0.01 }, frozen: true },
  { name: 'last', shape: [11], initialiser: { kind: 'uniform', limit: 2 } },
];

function valuesOf(from: readonly ParameterSpec[], seed: number): Record<string, number[]> {
  const layout = createLayout(from);
  const kernels = createKernels(2 ** 16);
  const trained = kernels.allocate(4 * layout.parameterCount);
  const frozen = kernels.allocate(4 * layout.frozenCount);
  kernels.float32(trained, layout.parameterCount).fill(NaN);
  initialise(layout, seed, kernels, trained);
  initialiseFrozen(layout, seed, kernels, frozen);
  const read =
    (start: number) =>
    (entry: LayoutEntry): [string, number[]] => [
      entry.name,
      [...kernels.float32(start + 4 * entry.offset, entry.length)],
    ];
  return Object.fromEntries([...layout.trained.map(read(trained)), ...layout.frozen.map(read(frozen))]);
}

test('each initialiser fills its parameter and nothing else', () => {
  const { kernel = [], bias, scale, head = [], last = [] } = valuesOf(specs, 1);
  const limit = Math.fround(Math.sqrt(6 / 71));
  assert.ok(kernel.every((value) => value >= -limit && value < limit));
  assert.ok(Math.max(...kernel) > 0.98 * limit && Math.min(...kernel) < -0.98 * limit);
  assert.deepEqual(bias, Array<number>(41).fill(0));
  assert.deepEqual(scale, Array<number>(5).fill(1.5));
  assert.ok(head.every((value) => value !== 0 && Math.abs(value) < 0.05));
  assert.ok(last.every((value) => value >= -2 && value < 2));
});

test('freezing another parameter, or changing its shape, leaves the values of the rest as they are', () => {
  const changed = specs.map((spec) =>
    spec.name === 'kernel' ? { ...spec, shape: [3, 3], frozen: true } : { ...spec, frozen: false },
  );
  const before = valuesOf(specs, 8);
  const after = valuesOf(changed, 8);
  for (const name of ['bias', 'scale', 'head', 'last']) assert.deepEqual(after[name], before[name]);
});

test('equal seeds give equal values, different seeds and parameters different ones', () => {
  assert.deepEqual(valuesOf(specs, 3), valuesOf(specs, 3));
  assert.notDeepEqual(valuesOf(specs, 3).kernel, valuesOf(specs, 4).kernel);
  const twins = ['a', 'b'].map((name) => ({ name, shape: [8], initialiser: glorotUniform(1, 1) }));
  const { a, b } = valuesOf(twins, 1);
  assert.notDeepEqual(a, b);
});

test('a part of [P] gets the values that the whole has there, however small the room', () => {
  const layout = createLayout(specs);
  const kernels = createKernels(2 ** 16);
  const whole = kernels.allocate(4 * layout.parameterCount);
  initialise(layout, 5, kernels, whole);
  const expected = kernels.float32(whole, layout.parameterCount).slice();
  const room = kernels.allocate(4 * 64);
  for (const [offset, length, roomLength] of [
    [0, layout.parameterCount, 64],
    [7, 1230, 13],
    [1240, layout.parameterCount - 1240, 64],
  ] as const) {
    const part = new Float32Array(length).fill(NaN);
    initialiseRange(layout, 5, offset, part, kernels, room, roomLength);
    assert.deepEqual(part, expected.slice(offset, offset + length));
  }
});

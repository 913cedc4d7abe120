/** Adam's scalars, and Adam on a problem with a known answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adamScalars, clipScale, integerPower } from '../../shared/math/adam.ts';
import { referenceAdam, type ReferenceState } from '../../shared/math/reference.ts';

const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

test('powers of beta are exact to the last digits, and 0 where they underflow', () => {
  assert.equal(integerPower(0.9, 1), 0.9);
  assert.equal(integerPower(0.5, 30), 2 ** -30);
  assert.equal(integerPower(0.9, 0), 1);
  assert.equal(integerPower(0.9, 1_000_000), 0);
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
      fc.integer({ min: 1, max: 3000 }),
      (beta, t) => {
        const expected = Math.exp(t * Math.log(beta));
        assert.ok(Math.abs(integerPower(beta, t) - expected) <= 1e-11 * expected + 1e-300);
      },
    ),
  );
});

test('the first step has the corrections 1 / (1 - beta), and a late step has none', () => {
  const first = adamScalars(settings, 0);
  assert.equal(first.correction1, 1 / (1 - 0.9));
  assert.equal(first.correction2, 1 / (1 - 0.999));
  assert.equal(first.gradientScale, 1);
  const late = adamScalars(settings, 10_000_000, 0.5);
  assert.deepEqual([late.correction1, late.correction2, late.gradientScale], [1, 1, 0.5]);
});

test('the first step moves every parameter by the learning rate, against the sign of its gradient', () => {
  const gradient = new Float32Array([3, -0.001, 700, -1e-3]);
  const state: ReferenceState = {
    parameters: new Float32Array(4),
    firstMoment: new Float32Array(4),
    secondMoment: new Float32Array(4),
  };
  const { parameters } = referenceAdam(state, gradient, adamScalars(settings, 0));
  parameters.forEach((value, i) => assert.ok(Math.abs(value + 1e-3 * Math.sign(gradient[i] ?? 0)) < 1e-7));
});

test('Adam finds the minimum of a quadratic', () => {
  const target = new Float32Array([1, -2, 0.5]);
  let state: ReferenceState = {
    parameters: new Float32Array(3),
    firstMoment: new Float32Array(3),
    secondMoment: new Float32Array(3),
  };
  for (let step = 0; step < 3000; step++) {
    const gradient = state.parameters.map((value, i) => 2 * (value - (target[i] ?? 0)));
    state = referenceAdam(state, gradient, adamScalars({ ...settings, learningRate: 0.01 }, step));
  }
  state.parameters.forEach((value, i) => assert.ok(Math.abs(value - (target[i] ?? 0)) < 1e-4));
});

test('clipping brings the norm to the limit, and leaves shorter gradients alone', () => {
  assert.equal(clipScale(25, null), 1);
  assert.equal(clipScale(25, 5), 1);
  assert.equal(clipScale(25, 4), 0.8);
  assert.equal(clipScale(0, 1), 1);
});

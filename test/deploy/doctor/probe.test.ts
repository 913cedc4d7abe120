/** The doctor's tiny step: comparable between runtimes, and an answer whatever happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probe, relativeDistance } from '../../../deploy/doctor/probe.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';

test('wasm and cpu give the same gradient to float32, of draws from the same counters', async () => {
  const [wasm, cpu] = [await probe('wasm', systemClock), await probe('cpu', systemClock)];
  assert.ok(wasm.kind === 'gradient' && cpu.kind === 'gradient');
  assert.equal(wasm.fingerprint.backend, 'wasm');
  assert.equal(cpu.fingerprint.backend, 'cpu');
  assert.ok(cpu.gradient.some((value) => value !== 0));
  assert.ok(relativeDistance(wasm.gradient, cpu.gradient) < 1e-4);
  assert.deepEqual(
    await probe('cpu', systemClock).then((again) => again.kind === 'gradient' && again.gradient),
    cpu.gradient,
  );
});

test('the distance of gradients is relative, and not a number where one of them is not', () => {
  assert.equal(relativeDistance([3, 4], [3, 4]), 0);
  assert.equal(relativeDistance([6, 8], [3, 4]), 1);
  assert.ok(Number.isNaN(relativeDistance([NaN, 4], [3, 4])));
  assert.ok(Number.isNaN(relativeDistance([3], [3, 4])));
});

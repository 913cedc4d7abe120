/** What the doctor makes of its probes' answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf, judge, type Outcome } from '../../../deploy/doctor/examination.ts';
import type { ProbeName } from '../../../deploy/doctor/probe.ts';

const fingerprint = { backend: 'x', version: 'X 1', device: 'chip', threads: 1, precision: 'float32' };
const answer = (gradient: number[]): Outcome => ({ kind: 'gradient', fingerprint, gradient, ms: 2 });
const failed: Outcome = { kind: 'failed', message: 'not set up' };
const crashed: Outcome = { kind: 'crashed', reason: 'died of SIGSEGV' };

const verdictsOf = (outcomes: Partial<Record<ProbeName, Outcome>>) => {
  const examination = judge(new Map(Object.entries(outcomes) as [ProbeName, Outcome][]));
  return { examination, verdicts: examination.runtimes.map(({ name, verdict }) => `${name} ${verdict}`) };
};

test('a runtime is ok, wrong, unavailable or crashed, and the others are judged all the same', () => {
  const { verdicts } = verdictsOf({
    tensorflow: crashed,
    wasm: answer([1, 2.1]),
    cpu: answer([1, 2]),
    zeromq: failed,
  });
  assert.deepEqual(verdicts, ['tensorflow crashed', 'wasm wrong', 'cpu ok']);
  assert.deepEqual(
    verdictsOf({ tensorflow: failed, wasm: answer([1, 2.000001]), cpu: answer([1, 2]) }).verdicts,
    ['tensorflow unavailable', 'wasm ok', 'cpu ok'],
  );
});

test('a gradient that is not finite is wrong, with a reference or without', () => {
  assert.deepEqual(verdictsOf({ wasm: answer([NaN, 2]), cpu: answer([1, 2]) }).verdicts, [
    'wasm wrong',
    'cpu ok',
  ]);
  assert.deepEqual(verdictsOf({ wasm: answer([NaN, 2]), cpu: crashed }).verdicts, [
    'wasm wrong',
    'cpu crashed',
  ]);
  assert.deepEqual(verdictsOf({ wasm: answer([1, 2]), cpu: crashed }).verdicts, ['wasm ok', 'cpu crashed']);
});

test('one runtime that works is enough for exit code 0; with none it is 69', () => {
  assert.equal(
    exitCodeOf(verdictsOf({ tensorflow: failed, wasm: crashed, cpu: answer([1]) }).examination),
    0,
  );
  assert.equal(exitCodeOf(verdictsOf({ tensorflow: failed, wasm: crashed, cpu: crashed }).examination), 69);
});

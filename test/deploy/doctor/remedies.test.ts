/** Everything that is missing gets a remedy, and nothing else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Examination, RuntimeVerdict } from '../../../deploy/doctor/examination.ts';
import type { Machine } from '../../../deploy/doctor/machine.ts';
import { remediesFor } from '../../../deploy/doctor/remedies.ts';
import { reportLines } from '../../../deploy/doctor/report.ts';

const machine: Machine = {
  lockstep: '1.0.0',
  node: '24.0.0',
  system: 'linux x64 6.1',
  processor: 'chip',
  cores: 4,
  memoryBytes: 16e9,
  freeMemoryBytes: 8e9,
  gpus: [],
  cacheFolder: '/cache',
  freeDiskBytes: 50e9,
  runsFolder: '/runs',
  freeRunsBytes: 50e9,
};
const working = (name: string, device = 'chip'): RuntimeVerdict => ({
  name,
  verdict: 'ok',
  fingerprint: { backend: name, version: `${name} 1`, device, threads: 1, precision: 'float32' },
  distance: 1e-7,
  stepMs: 3,
  reason: null,
});
const missing = (name: string, reason: string): RuntimeVerdict => ({
  ...working(name),
  verdict: 'unavailable',
  fingerprint: null,
  reason,
});
const healthy: Examination = {
  runtimes: [working('tensorflow'), working('wasm'), working('cpu')],
  transport: { verdict: 'ok', reason: null },
};
const tensorflow = {
  obstacles: ['a C++ compiler is missing'],
  command: 'apt-get install -y g++ && npx lockstep setup',
};

test('a machine that has everything needs nothing', () => {
  assert.deepEqual(remediesFor(machine, healthy, tensorflow, true), []);
});

test('a missing TensorFlow gets the obstacles and the command of the set-up; a broken one its own reason', () => {
  const runtimes = [missing('tensorflow', 'no addon'), working('wasm'), working('cpu')];
  const [remedy, ...others] = remediesFor(machine, { ...healthy, runtimes }, tensorflow, true);
  assert.deepEqual(remedy, {
    what: 'tensorflow: a C++ compiler is missing',
    mend: tensorflow.command,
  });
  assert.deepEqual(others, []);
  const crashed = [{ ...missing('tensorflow', 'died of SIGSEGV'), verdict: 'crashed' } as const];
  assert.match(remediesFor(machine, { ...healthy, runtimes: crashed }, tensorflow, true)[0]!.what, /SIGSEGV/);
  const lines = reportLines(machine, { ...healthy, runtimes }, [remedy!]);
  assert.equal(lines.at(-1), 'training here runs on wasm');
  assert.ok(lines.some((line) => line.includes(tensorflow.command)));
});

test('webgpu is optional: nothing mends a machine without it, but one that computes wrongly is told of', () => {
  const remediesOf = (webgpu: RuntimeVerdict) =>
    remediesFor(machine, { ...healthy, runtimes: [...healthy.runtimes, webgpu] }, tensorflow, true);
  const absent = missing('webgpu', 'the npm package webgpu is not installed: run `npm install webgpu`');
  assert.deepEqual(remediesOf(absent), []);
  assert.deepEqual(remediesOf(working('webgpu')), []);
  const lines = reportLines(machine, { ...healthy, runtimes: [...healthy.runtimes, absent] }, []);
  assert.ok(lines.some((line) => /^webgpu +not usable: .*npm install webgpu/.test(line)));
  const [remedy] = remediesOf({ ...working('webgpu'), verdict: 'wrong', reason: 'its gradient differs' });
  assert.match(`${remedy!.what}; ${remedy!.mend}`, /^webgpu: its gradient differs; update the driver/);
});

test('a GPU that TensorFlow does not compute on is told of', () => {
  const withGpu = { ...machine, gpus: [{ name: 'NVIDIA H100', driver: '570' }] };
  assert.match(remediesFor(withGpu, healthy, tensorflow, true)[0]!.what, /CPU although a GPU is there/);
  const onGpu = { ...healthy, runtimes: [working('tensorflow', 'NVIDIA H100, driver 570'), working('cpu')] };
  assert.deepEqual(remediesFor(withGpu, onGpu, tensorflow, true), []);
});

test('without transport, memory or disk there is a remedy for each', () => {
  const poor = { ...machine, memoryBytes: 1e9, freeRunsBytes: 1e8 };
  const examination: Examination = { ...healthy, transport: { verdict: 'unavailable', reason: 'no CURVE' } };
  const whats = remediesFor(poor, examination, tensorflow, true).map(({ what }) => what);
  assert.equal(whats.length, 3);
  assert.match(whats.join('\n'), /no CURVE[^]*1\.0 GB of memory[^]*0\.1 GB of disk/);
});

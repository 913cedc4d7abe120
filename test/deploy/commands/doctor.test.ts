/** `lockstep doctor` as a process: a verdict for each runtime, and a way on for each that does not work. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Examination } from '../../../deploy/doctor/examination.ts';
import type { Machine } from '../../../deploy/doctor/machine.ts';
import { relativeDistance, type ProbeAnswer } from '../../../deploy/doctor/probe.ts';
import type { Remedy } from '../../../deploy/doctor/remedies.ts';
import { requiresSwiftshader, swiftshader } from '../../support/swiftshader.ts';

type Diagnosis = Machine &
  Examination & { readonly usable: string | null; readonly remedies: readonly Remedy[] };

const doctorWith = (environment: NodeJS.ProcessEnv, ...flags: string[]) =>
  spawnSync(process.execPath, ['deploy/lockstep.mjs', 'doctor', ...flags], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
const doctor = (...flags: string[]) => doctorWith({}, ...flags);

test('every runtime gets a verdict, gradients agree, and what does not work has a remedy', () => {
  const { status, stdout } = doctor('--json');
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  assert.deepEqual(
    diagnosis.runtimes.map(({ name }) => name),
    ['tensorflow', 'wasm', 'cpu', 'webgpu'],
  );
  for (const { name, verdict, distance } of diagnosis.runtimes) {
    if (verdict === 'ok') assert.ok(distance !== null && distance < 1e-3, name);
    else if (name !== 'webgpu')
      assert.ok(
        diagnosis.remedies.some(({ what }) => what.startsWith(name)),
        `a remedy for ${name}`,
      );
  }
  // npm's packages alone are enough for these.
  assert.equal(diagnosis.runtimes.find(({ name }) => name === 'wasm')?.verdict, 'ok');
  assert.equal(diagnosis.transport.verdict, 'ok');
  assert.ok(diagnosis.usable !== null && diagnosis.cores > 0 && diagnosis.memoryBytes > 0);
  assert.equal(status, 0);
});

test('a probe that is run by hand answers on standard output', () => {
  const { status, stdout } = doctor('--probe', 'cpu');
  assert.equal((JSON.parse(stdout) as { kind: string }).kind, 'gradient');
  assert.equal(status, 0);
});

test('webgpu is examined on the driver that is there, and agrees with cpu', (context) => {
  if (!requiresSwiftshader(context)) return;
  const { status, stdout } = doctorWith(swiftshader, '--probe', 'webgpu');
  const answer = JSON.parse(stdout) as ProbeAnswer;
  const cpu = JSON.parse(doctor('--probe', 'cpu').stdout) as ProbeAnswer;
  assert.ok(answer.kind === 'gradient' && cpu.kind === 'gradient', stdout);
  assert.match(answer.fingerprint.device, /swiftshader/i);
  assert.ok(relativeDistance(answer.gradient, cpu.gradient) < 1e-4);
  assert.equal(status, 0);
});

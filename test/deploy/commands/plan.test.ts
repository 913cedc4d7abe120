/** `lockstep plan` as a process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../../deploy/plan/print.ts';
import { runLockstep } from '../../support/lockstep.ts';

test('a plan is text for people, and one JSON object for programs', async () => {
  const words = ['plan', '--workers', '2', '--batch-size', '1000', '--samples-per-second', '300'];
  const [text, json] = await Promise.all([runLockstep(words), runLockstep([...words, '--json'])]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /a device: 300 samples\/s, as given/);
  const plan = JSON.parse(json.stdout) as Plan;
  assert.equal(plan.cluster.workers, 2);
  assert.equal(plan.prediction.samplesPerSecond, 1000 / plan.prediction.stepSeconds);
});

test('two ways to say how quick a device is exclude each other', async () => {
  const { code, stderr } = await runLockstep(['plan', '--gflops', '100', '--samples-per-second', '300']);
  assert.equal(code, 64);
  assert.match(stderr, /--gflops and --samples-per-second exclude each other/);
});

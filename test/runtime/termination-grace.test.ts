import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../shared/runtime/config.ts';
import { loadConfig } from '../../shared/runtime/load-config.ts';
import { terminationGraceOf } from '../../shared/runtime/termination-grace.ts';

const unset = configSchema.parse({});

test("a termination grace is what is configured, else the scheduler's default, else unknown", () => {
  const kubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  assert.equal(terminationGraceOf(unset, {}), null);
  assert.equal(terminationGraceOf(unset, { SLURM_JOB_ID: '' }), null);
  assert.equal(terminationGraceOf(unset, { SLURM_JOB_ID: '7' })?.seconds, 30);
  assert.equal(terminationGraceOf(unset, kubernetes)?.seconds, 30);
  assert.equal(terminationGraceOf({ terminationGraceSeconds: 90 }, kubernetes)?.seconds, 90);
});

test('the environment can say it', () => {
  const environment = { LOCKSTEP_TERMINATION_GRACE_SECONDS: '10' };
  const { config } = loadConfig({ flags: new Map(), environment, file: null, preset: null });
  assert.deepEqual(terminationGraceOf(config, environment), { seconds: 10, source: 'as configured' });
});

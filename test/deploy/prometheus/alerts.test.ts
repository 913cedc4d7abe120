/** Alerts that real faults raise in the real Prometheus, and that end with the fault: those that are soon done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsIn, until } from '../../support/lockstep.ts';
import { startWatched } from '../../support/prometheus.ts';
import { requires } from '../../support/requires.ts';

test('workers that stop stall the steps; one that is killed is down until another takes its rank', async (context) => {
  if (!requires('prometheus', context)) return;
  const { run, fires, resolves } = await startWatched(['--workers', '2'], context);
  const workers = [run.add(), run.add()];
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  for (const { child } of workers) child.kill('SIGSTOP');
  await fires('LockstepStepStalled', 'run');
  for (const { child } of workers) child.kill('SIGCONT');
  await resolves('LockstepStepStalled', 'run');

  workers[0]!.child.kill('SIGKILL');
  await fires('LockstepRankDown', 'run');
  run.add();
  await resolves('LockstepRankDown', 'run');
});

test('a gradient that is not finite is told of, though the run ends with it', async (context) => {
  if (!requires('prometheus', context)) return;
  const { run, fires, quiet } = await startWatched(['--workers', '1', '--linger', '120'], context);
  const worker = run.add({ kind: 'nan', step: 3, times: Infinity });
  await run.says(/the run has failed: .*not finite.*; its last figures are served for 120 s/);
  const page = /watch +(http:\S+)/.exec(run.told())![1]!;
  assert.match(await (await fetch(`${page}metrics`)).text(), /^lockstep_run_finished\{.*\} 1$/m);
  await fires('LockstepNonFinite', 'run');
  run.child.kill('SIGINT'); // nobody has to wait for it
  assert.equal((await run.ended).code, 1);
  await quiet();
  worker.child.kill('SIGTERM');
});

/** Alerts that real faults raise in the real Prometheus, and that end with the fault: those that take their time. */
import { test } from 'node:test';
import { startRun } from '../../support/faults/runs.ts';
import { stepsIn, until } from '../../support/lockstep.ts';
import { startWatched } from '../../support/prometheus.ts';
import { requires } from '../../support/requires.ts';
import { openDisk } from '../../support/small-disk.ts';

test('a worker that never comes is missing until it comes', async (context) => {
  if (!requires('prometheus', context)) return;
  const { run, fires, resolves } = await startWatched(['--workers', '2'], context);
  run.add();
  await fires('LockstepWorkersMissing', 'run');
  run.add();
  await resolves('LockstepWorkersMissing', 'run');
});

test('a hindered worker is a slow rank until it is gone', async (context) => {
  if (!requires('prometheus', context)) return;
  const { run, fires, resolves } = await startWatched(['--workers', '3'], context);
  run.add();
  run.add();
  const hindered = run.add({ kind: 'slow', step: 0, ms: 100 });
  await fires('LockstepSlowRank', 'run');
  hindered.child.kill('SIGKILL');
  await resolves('LockstepSlowRank', 'run');
});

test('a coordinator that dies is down until it is resumed', async (context) => {
  if (!requires('prometheus', context)) return;
  const words = ['--workers', '1', '--checkpoint-every', '2steps'];
  const { run, fires, resolves, targetsFolder } = await startWatched(words, context);
  run.add();
  await until(() => stepsIn(run.runDir) >= 10, run.told);
  run.child.kill('SIGKILL');
  await fires('LockstepCoordinatorDown', 'run');
  const again = await startRun(['--resume', run.runDir, '--targets-dir', targetsFolder], context);
  await resolves('LockstepCoordinatorDown', 'run');
  again.child.kill('SIGKILL');
  await again.ended;
});

test('a full disk: it is told of, as are writes that fail and a checkpoint that ages, until there is room', async (context) => {
  if (!requires('prometheus', context)) return;
  const disk = openDisk(context, '24m');
  if (disk === null) return;
  const words = ['--workers', '1', '--checkpoint-every', '1s'];
  const { run, fires, resolves } = await startWatched(words, context, disk.path);
  run.add({ kind: 'slow', step: 0, ms: 20 }); // so that what it writes down does not fill the disk by itself
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  disk.fill();
  const alerts = ['LockstepDiskNearlyFull', 'LockstepWriteErrors', 'LockstepCheckpointTooOld'];
  await fires('LockstepDiskNearlyFull', 'run');
  await fires('LockstepWriteErrors', 'run');
  await fires('LockstepCheckpointTooOld', 'run');
  disk.empty();
  for (const alert of alerts) await resolves(alert, 'run');
});

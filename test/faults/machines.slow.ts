/** What a machine does to processes: it runs out of memory, its clock is set, it dawdles, a part of it stops. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readHistory } from '../../coordinator/run/history.ts';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { startSupervised } from '../support/faults/supervised.ts';
import { stepsIn, summaryOf, until } from '../support/lockstep.ts';
import { requiresMemoryGroups } from '../support/requires.ts';

const steps = 40;
const length = ['--steps', `${steps}`];
const long = 300; // steps that last until something has befallen the run, on a quick machine too
const often = ['--checkpoint-every', '3steps'];

test('out of memory: the kernel kills worker and coordinator, and both are started again', async (context) => {
  const groups = requiresMemoryGroups(context);
  if (groups === null) return;
  const run = startSupervised(['--steps', `${long}`, ...often, '--workers', '2'], context);
  for (const [index, kind] of (['worker', 'coordinator'] as const).entries()) {
    await until(() => stepsIn(run.runDir) >= 4 + 8 * index, run.told, 120_000);
    const pid = run.pidOf(kind)!;
    starve(pid, groups, context);
    await until(() => !run.processes().some((process) => process.pid === pid), run.told, 60_000);
  }
  await run.restarted(1);
  const summary = summaryOf(await run.ended);
  assert.match(run.told(), /rank \d lost|rank \d ended with signal SIGKILL/);
  assert.equal(summary.parametersSha256, await undisturbed(long));
});

test('clocks that jump by weeks, on both sides, are nobody’s time', async (context) => {
  const preload = join(import.meta.dirname, '../support/faults/clock-jumps.mjs');
  const environment = { NODE_OPTIONS: `--import ${preload}` };
  const run = await startRun([...length, ...often, '--workers', '2'], context, environment);
  for (let count = 0; count < 2; count++) run.add(null, { environment });
  const summary = summaryOf(await run.ended);
  assert.ok(summary.seconds > 0 && summary.seconds < 600, `${summary.seconds} s`);
  for (const { seconds } of readHistory(run.runDir)) assert.ok(seconds > 0 && seconds < 600, `${seconds} s`);
  assert.doesNotMatch(run.told(), /lost|waiting for/);
  assert.equal(summary.parametersSha256, await undisturbed(steps));
});

test('a worker that turns slow has its work done twice, and the first answer counts', async (context) => {
  const run = await startRun([...length, '--workers', '2', '--min-workers', '2'], context);
  run.add();
  const slow = run.add({ kind: 'slow', step: 6, ms: 2500 });
  const summary = summaryOf(await run.ended);
  assert.match(run.told(), /rank \d is late: \d micro-batch(es)? of it computed by idle workers, too/);
  assert.equal(await slow.ended, 0);
  assert.equal(summary.parametersSha256, await undisturbed(steps));
});

test('a reducer that is stopped is one that is lost: back to the last checkpoint, by itself', async (context) => {
  const run = startSupervised(['--steps', `${long}`, ...often, '--workers', '2', '--reducers', '2'], context);
  await until(() => stepsIn(run.runDir) >= 8, run.told, 120_000);
  const reducer = run.pidOf('reducer')!;
  process.kill(reducer, 'SIGSTOP');
  await until(() => /the coordinator ended with exit code 75; resuming/.test(run.told()), run.told, 60_000);
  const summary = summaryOf(await run.ended);
  assert.match(run.told(), /the reducer on .* is lost/);
  assert.equal(summary.parametersSha256, await undisturbed(long));
  assert.ok(!run.processes().some(({ pid }) => pid === reducer), 'it was ended, stopped as it was');
});

/** Puts a process where there is no memory to be had; what it has already it keeps. */
function starve(pid: number, { root, limit }: { root: string; limit: string }, context: TestContext): void {
  const group = `${root}/lockstep-starved-${pid}`;
  mkdirSync(group);
  context.after(() => rmdirSync(group));
  writeFileSync(`${group}/${limit}`, `${1 << 20}`);
  writeFileSync(`${group}/cgroup.procs`, `${pid}`);
}

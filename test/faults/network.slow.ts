/** Bad networks between coordinator and workers: whatever they do to the bytes, the run ends in the same bits. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { openProxy, type Mischief } from '../support/faults/proxy.ts';
import { startRun, undisturbed, type FaultyRun } from '../support/faults/runs.ts';
import { stepsIn, summaryOf, until } from '../support/lockstep.ts';
import { requiresBoxes } from '../support/requires.ts';

const steps = 60;
const length = ['--steps', `${steps}`];
const long = 600; // steps that last, with a checkpoint each, until a silent worker is missed

/** A worker that is started again whenever it lost its coordinator, as its supervisor would. */
async function supervise(run: FaultyRun, endpoint: string): Promise<void> {
  while (run.child.exitCode === null) {
    const { ended } = run.add(null, { endpoint, sharedMemory: false });
    if ((await ended) !== 75) return;
  }
}

const mischiefs: Readonly<Record<string, Mischief>> = {
  'that cuts every connection': { kind: 'cut', everyMs: 1500, times: 4 },
  'that delays': { kind: 'delay', ms: 15 },
  'that throttles': { kind: 'throttle', bytesPerSecond: 2e6 },
  'that sends bytes twice': { kind: 'repeat', every: 9, times: 3 },
  'that corrupts small pieces': { kind: 'corruptSmall', every: 11, times: 6 },
  'that corrupts': { kind: 'corrupt', every: 9, times: 3 },
};

for (const [name, mischief] of Object.entries(mischiefs)) {
  test(`a proxy ${name}`, async (context) => {
    const run = await startRun([...length, '--workers', '1'], context);
    const proxy = await openProxy(run.endpoint, mischief, context);
    void supervise(run, proxy.endpoint);
    const summary = summaryOf(await run.ended);
    context.diagnostic(`${mischief.kind}: ${proxy.done()} times`);
    assert.ok(proxy.done() > 0);
    assert.equal(summary.parametersSha256, await undisturbed(steps));
  });
}

test('half-open: a worker behind a black hole is missed within seconds, and comes back', async (context) => {
  if (!requiresBoxes(context)) return;
  const box = openBox(context);
  const words = ['--workers', '2', '--min-workers', '2', '--host', box.address, '--insecure'];
  const run = await startRun(['--steps', `${long}`, '--checkpoint-every', '1steps', ...words], context);
  run.add();
  const inside = run.add(null, { sharedMemory: false, within: box.within });
  await run.says(/joined[^]*joined/, 120_000);
  await until(() => stepsIn(run.runDir) >= 2, run.told);
  box.blackhole('add');
  const beganMs = performance.now();
  await run.says(/rank \d lost/, 60_000);
  context.diagnostic(`missed after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
  await run.says(/the run waits: 1 of 2/, 60_000);
  box.blackhole('delete');
  const summary = summaryOf(await run.ended);
  assert.equal(await inside.ended, 0);
  assert.equal(summary.parametersSha256, await undisturbed(long));
});

/** A network of its own, joined to this one by a link. */
function openBox(context: TestContext) {
  const name = `lockstep-fault-${process.pid}`;
  const [outer, inner, address, other] = [`lf${process.pid % 1e6}`, 'lf-in', '10.213.77.1', '10.213.77.2'];
  const ip = (...words: string[]): void => {
    const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
    assert.equal(status, 0, `ip ${words.join(' ')}: ${stderr}`);
  };
  ip('netns', 'add', name);
  context.after(() => ip('netns', 'delete', name));
  ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', name);
  ip('address', 'add', `${address}/30`, 'dev', outer);
  ip('link', 'set', outer, 'up');
  ip('-n', name, 'address', 'add', `${other}/30`, 'dev', inner);
  ip('-n', name, 'link', 'set', inner, 'up');
  return {
    address,
    within: ['ip', 'netns', 'exec', name],
    blackhole: (what: 'add' | 'delete') => ip('-n', name, 'route', what, 'blackhole', `${address}/32`),
  };
}

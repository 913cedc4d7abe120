import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { publishTarget } from '../../../coordinator/serving/targets.ts';
import { runLockstep, startLockstep, until } from '../../support/lockstep.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('without Prometheus, or without the folder, one line says what to do', async () => {
  const folder = temporaryFolder();
  symlinkSync(process.execPath, join(folder, 'node'));
  const data = ['--data-dir', join(folder, 'data'), '--targets-dir', join(folder, 'targets')];
  const [none, nowhere] = await Promise.all([
    runLockstep(['monitor', ...data], { PATH: folder }),
    runLockstep(['monitor', join(folder, 'nowhere'), ...data]),
  ]);
  assert.equal(none.code, 69);
  assert.match(none.stderr, /^lockstep: prometheus cannot be started .*apt-get install prometheus.*\n$/);
  assert.equal(nowhere.code, 64);
  assert.match(nowhere.stderr, /^lockstep: monitor got .*nowhere, which is no folder.*\n$/);
});

test('it says which runs it watches and where to look, and ends its Prometheus with itself', async (context) => {
  if (!requires('prometheus', context)) return;
  const folder = temporaryFolder();
  const [targets, runs] = [join(folder, 'targets'), join(folder, 'runs')];
  mkdirSync(runs);
  for (const [runId, at] of Object.entries({ a: join(runs, 'one'), b: join(folder, 'other') })) {
    const target = { address: '127.0.0.1:9', runId, run: `run-${runId}`, folder: at, host: 'box', pid: 1 };
    publishTarget(targets, target, () => true);
  }
  const words = ['monitor', runs, '--targets-dir', targets, '--data-dir', join(folder, 'data')];
  const { running, said } = await startMonitor(words, context);
  assert.match(said, /1 run now: run-a;/);
  const url = /alerts +(http:\/\/127\.0\.0\.1:\d+)\/alerts/.exec(said)?.[1];
  const active = async (): Promise<string[]> => {
    const answer = await fetch(`${url}/api/v1/targets`);
    const { data } = (await answer.json()) as { data: { activeTargets: { labels: { run: string } }[] } };
    return data.activeTargets.map(({ labels }) => labels.run);
  };
  let found: string[] = [];
  for (let tries = 0; found.length === 0 && tries < 200; tries++) {
    await delay(100); // it reads the folder of targets every five seconds
    found = await active();
  }
  assert.deepEqual(found, ['run-a']);
  running.child.kill('SIGTERM');
  assert.equal((await running.ended).code, 0);
  assert.deepEqual(running.processes(), []);
});

test('killed by a signal that it cannot catch, it leaves no Prometheus behind', async (context) => {
  if (!requires('prometheus', context)) return;
  const folder = temporaryFolder();
  const words = ['--targets-dir', join(folder, 'targets'), '--data-dir', join(folder, 'data')];
  const { running } = await startMonitor(['monitor', ...words], context);
  assert.ok(running.processes().some(({ words: [program] }) => program === 'prometheus'));
  running.child.kill('SIGKILL');
  await until(
    () => running.processes().length === 0,
    () => JSON.stringify(running.processes()),
  );
});

/** A monitor that says that it is ready, and what it has said so far. */
async function startMonitor(words: readonly string[], context: TestContext) {
  const running = startLockstep(words);
  context.after(() => running.processes().forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
  let said = '';
  running.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(
    () => said.includes('Ctrl-C ends it'),
    () => said,
  );
  return { running, said };
}

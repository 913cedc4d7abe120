import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { withBoxes } from '../../../../deploy/bench/scaling/boxes.ts';
import { parseLinkRate } from '../../../../deploy/plan/link-rate.ts';
import { requiresBoxes } from '../../../support/requires.ts';

const entry = resolve(import.meta.dirname, '../../../../deploy/lockstep.mjs');
const rate = parseLinkRate('1gbit');
const namespaces = (pid: number): string[] =>
  execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).match(
    new RegExp(`lockstep-${pid}-\\w+`, 'g'),
  ) ?? [];

test('two boxes see each other through a link of the rate, and go when they are not needed', async (context) => {
  if (!requiresBoxes(context)) return;
  await withBoxes(rate, async ({ within, headAddress }) => {
    assert.equal(namespaces(process.pid).length, 2);
    const [ip = '', ...words] = within.box;
    const run = (...command: string[]) => execFileSync(ip, [...words, ...command], { encoding: 'utf8' });
    assert.match(run('tc', 'qdisc', 'show', 'dev', 'link0'), /tbf .* rate 1Gbit/);
    assert.match(run('ip', 'route', 'get', headAddress), /dev link0/);
  });
  assert.deepEqual(namespaces(process.pid), []);
});

test('boxes go when what is done in them fails', async (context) => {
  if (!requiresBoxes(context)) return;
  const failing = withBoxes(rate, async () => {
    throw new Error('it failed');
  });
  await assert.rejects(failing, /it failed/);
  assert.deepEqual(namespaces(process.pid), []);
});

test('boxes go when a signal ends the benchmark', async (context) => {
  if (!requiresBoxes(context)) return;
  const flags = ['--link-rate', '1gbit', '--workers', '1', '--batch-size', '20', '--preset', 'digits'];
  const child = spawn(process.execPath, [entry, 'bench', 'scaling', ...flags, '--runtime', 'wasm'], {
    stdio: 'ignore',
  });
  context.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  while (namespaces(child.pid!).length < 2 && child.exitCode === null) await wait(50);
  child.kill('SIGINT');
  assert.deepEqual(await exited, [130, null]);
  assert.deepEqual(namespaces(child.pid!), []);
});

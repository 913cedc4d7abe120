/** The real Prometheus scrapes a real pair of runs: every panel has data, and real faults raise alerts that resolve. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { dashboards } from '../../../deploy/grafana/dashboards.ts';
import { configurationOf } from '../../../deploy/monitor/configuration.ts';
import { startPrometheus } from '../../../deploy/monitor/prometheus.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { startLockstep, type Running } from '../../support/lockstep.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

const committed = resolve(import.meta.dirname, '../../../deploy/prometheus');
const read = (name: string): string => readFileSync(join(committed, name), 'utf8');

/** The alerts, as impatient as a test; each change must find what it changes. */
function impatient(rules: string): string {
  const changes: readonly (readonly [RegExp, string])[] = [
    [/for: \d+m/g, 'for: 0s'],
    [/age:seconds > 120/g, 'age:seconds > 3'],
    [/\b20 \* max/g, '0 * max'],
    [/age:seconds > 1800/g, 'age:seconds > 3'],
  ];
  return changes.reduce((text, [pattern, by]) => {
    assert.ok(text.search(pattern) >= 0, `${pattern} is not in the rules`);
    return text.replace(pattern, by);
  }, rules);
}

/** Every query of every panel, with its variables as Grafana would set them. */
const queries = Object.entries(dashboards()).flatMap(([file, { panels = [] }]) =>
  panels.flatMap((panel) =>
    ('targets' in panel ? (panel.targets ?? []) : []).map((target) => ({
      what: `${file}: ${panel.title}`,
      expr: (target as unknown as { expr: string }).expr
        .replaceAll('$run', '.*')
        .replaceAll('$__rate_interval', '10s')
        .replaceAll('$__range', '1m'),
    })),
  ),
);

test('every panel has data of a real pair of runs, and real faults raise alerts that resolve', async (context) => {
  if (!requires('prometheus', context)) return;
  const folder = temporaryFolder(context);
  const [rulesFolder, targetsFolder] = [join(folder, 'rules'), join(folder, 'targets')];
  [rulesFolder, targetsFolder].forEach((path) => mkdirSync(path));
  writeFileSync(join(rulesFolder, 'recording.rules.yml'), read('recording.rules.yml'));
  writeFileSync(join(rulesFolder, 'alerts.rules.yml'), impatient(read('alerts.rules.yml')));
  const where = { rulesFolder, targetsFolder, runsFolder: folder, tokenFile: null };
  const prometheus = await startPrometheus({
    program: 'prometheus',
    configuration: configurationOf(read('prometheus.yml').replaceAll(/: 5s/g, ': 1s'), where),
    folder: join(folder, 'prometheus'),
    port: null,
    clock: systemClock,
  });
  context.after(async () => {
    prometheus.stop();
    await prometheus.exited;
  });
  const begin = (name: string, ...words: string[]): Running => {
    const flags = [...smallRun, '--runtime', 'wasm', '--steps', '100000', '--targets-dir', targetsFolder];
    const run = startLockstep(['train', ...flags, '--run-dir', join(folder, name), '--quiet', ...words]);
    context.after(() => run.processes().forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
    return run;
  };
  const pair = begin('two', '--workers', '2', '--checkpoint-every', '1s');
  const single = begin('one', '--workers', '1', '--batch-size', '40', '--checkpoint-every', '100000steps');

  const ask = async <T>(path: string, parameters: Record<string, string>): Promise<T> => {
    const answer = await fetch(
      `${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
    );
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    assert.equal(status, 'success', `${parameters['query']}: ${error}`);
    return data;
  };
  const hasData = async (query: string): Promise<boolean> => {
    const end = Date.now() / 1000;
    const span = { start: String(end - 60), end: String(end), step: '1' };
    return (await ask<{ result: unknown[] }>('query_range', { query, ...span })).result.length > 0;
  };
  const eventually = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 120; tries++) {
      if (await isSo()) return;
      await delay(250);
    }
    assert.fail(`waited in vain: ${what}`);
  };
  const fires = async (alert: string, run: string): Promise<boolean> => {
    const query = `ALERTS{alertname="${alert}", alertstate="firing", run="${run}"}`;
    return (await ask<{ result: unknown[] }>('query', { query })).result.length > 0;
  };
  const worker = ({ processes }: Running): number =>
    processes().find(({ words }) => words.includes('worker'))!.pid;

  const ours = queries.filter(({ expr }) => !expr.includes('DCGM_'));
  assert.ok(ours.length > 40);
  for (const { what, expr } of ours) await eventually(`${what}: ${expr}`, () => hasData(expr));
  for (const { expr } of queries.filter((query) => !ours.includes(query))) await hasData(expr); // it parses

  const faults = [
    ['LockstepStepStalled', 'one'],
    ['LockstepCheckpointTooOld', 'one'],
    ['LockstepRankDown', 'two'],
  ] as const;
  const stopped = [pair, single].map(worker);
  stopped.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  for (const [alert, run] of faults) await eventually(`${alert} fires`, () => fires(alert, run));
  stopped.forEach((pid) => process.kill(pid, 'SIGCONT'));
  await eventually('steps are made again', async () => !(await fires('LockstepStepStalled', 'one')));
  await eventually('the rank is back', async () => !(await fires('LockstepRankDown', 'two')));

  [pair, single].forEach(({ child }) => child.kill('SIGINT'));
  await Promise.all([pair.ended, single.ended]);
  const none = async (): Promise<boolean> =>
    (await ask<{ alerts: unknown[] }>('alerts', {})).alerts.length === 0;
  await eventually('no alert outlives its run', none);
});

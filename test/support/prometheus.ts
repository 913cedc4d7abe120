/**
 * The real Prometheus on the committed rules, for tests: what it scrapes, what its queries say, which alerts fire.
 *
 * The rules are as committed but for their clock, so that a test need not wait for half an hour: in the alerts a
 * minute is a second and an hour a minute, and everybody looks each second where the configuration says five.
 * Expressions, their comparisons with usual steps, and the windows of 30 seconds in recording rules divided by
 * five as the scrapes are, stay the same otherwise.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { configurationOf } from '../../deploy/monitor/configuration.ts';
import { startPrometheus } from '../../deploy/monitor/prometheus.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { startRun, type FaultyRun } from './faults/runs.ts';
import { temporaryFolder } from './temporary.ts';

const committed = resolve(import.meta.dirname, '../../deploy/prometheus');
const read = (name: string): string => readFileSync(join(committed, name), 'utf8');

type Change = readonly [pattern: RegExp, by: string];
const ages: readonly Change[] = [
  [/age:seconds > 120\b/g, 'age:seconds > 2'],
  [/age:seconds > 900\b/g, 'age:seconds > 15'],
  [/age:seconds > 1800\b/g, 'age:seconds > 30'],
];
const minutesToSeconds: Change = [/\b(\d+)m\b/g, '$1s'];
const hoursToMinutes: Change = [/\[1h\]/g, '[1m]'];
const oftener: readonly Change[] = [[/: 5s$/gm, ': 1s']];
const shorter: readonly Change[] = [[/\[30s\]/g, '[6s]']];

/** The text with all its changes made. @throws when one of them finds nothing to change */
function changed(text: string, changes: readonly Change[]): string {
  return changes.reduce((so, [pattern, by]) => {
    assert.ok(so.search(pattern) >= 0, `${pattern} is not in the rules`);
    return so.replace(pattern, by);
  }, text);
}

export interface Watching {
  readonly targetsFolder: string; // for runs that are to be scraped
  /** How many series a query gives now. @throws when Prometheus refuses it */
  count(query: string): Promise<number>;
  /** Whether a query had data at any time of the last so many seconds. @throws as `count` */
  hadData(query: string, seconds: number): Promise<boolean>;
  /** Waits until the alert fires for a run, by the name of its folder. */
  fires(alert: string, run: string): Promise<void>;
  /** Waits until it does not fire any more. */
  resolves(alert: string, run: string): Promise<void>;
  /** Waits until no alert at all is active. */
  quiet(): Promise<void>;
}

const patienceMs = 90_000;

/** Starts one with a database of its own. */
export async function watchWithPrometheus(context: TestContext): Promise<Watching> {
  const folder = temporaryFolder();
  const [rulesFolder, targetsFolder] = [join(folder, 'rules'), join(folder, 'targets')];
  [rulesFolder, targetsFolder].forEach((path) => mkdirSync(path));
  const place = (name: string, changes: readonly Change[]): void =>
    writeFileSync(join(rulesFolder, name), changed(read(name), changes));
  place('recording.rules.yml', shorter);
  place('alerts.rules.yml', [...ages, minutesToSeconds, hoursToMinutes]);
  const where = { rulesFolder, targetsFolder, runsFolder: null, tokenFile: null };
  const prometheus = await startPrometheus({
    program: 'prometheus',
    configuration: configurationOf(changed(read('prometheus.yml'), oftener), where),
    folder: join(folder, 'prometheus'),
    port: null,
    clock: systemClock,
  });
  context.after(async () => {
    prometheus.stop();
    await prometheus.exited;
  });
  return { targetsFolder, ...createQuestions(prometheus.url) };
}

/** A coordinator that is watched, of a run named `run` that goes on until it is ended. @param parent of its folder */
export async function startWatched(
  words: readonly string[],
  context: TestContext,
  parent = temporaryFolder(),
): Promise<Watching & { readonly run: FaultyRun }> {
  const watching = await watchWithPrometheus(context);
  context.after(async () => {
    run.child.kill('SIGKILL');
    await run.ended;
  });
  const place = ['--targets-dir', watching.targetsFolder, '--run-dir', join(parent, 'run')];
  const run = await startRun(['--steps', '100000', ...words, ...place], context);
  return { run, ...watching };
}

function createQuestions(url: string): Omit<Watching, 'targetsFolder'> {
  async function ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    assert.equal(status, 'success', `${parameters['query']}: ${error}`);
    return data;
  }

  async function count(query: string): Promise<number> {
    return (await ask<{ result: unknown[] }>('query', { query })).result.length;
  }

  async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 250) {
      if (await isSo()) return;
      await delay(250);
    }
    const { alerts } = await ask<{ alerts: unknown[] }>('alerts', {});
    assert.fail(`waited in vain until ${what}; active alerts: ${JSON.stringify(alerts)}`);
  }

  const isFiring = async (alert: string, run: string): Promise<boolean> =>
    (await count(`ALERTS{alertname="${alert}", alertstate="firing", run="${run}"}`)) > 0;

  return {
    count,
    async hadData(query, seconds) {
      const end = Date.now() / 1000;
      const span = { start: String(end - seconds), end: String(end), step: '1' };
      return (await ask<{ result: unknown[] }>('query_range', { query, ...span })).result.length > 0;
    },
    fires: (alert, run) => eventually(`${alert} fires for ${run}`, () => isFiring(alert, run)),
    resolves: (alert, run) =>
      eventually(`${alert} of ${run} is over`, async () => !(await isFiring(alert, run))),
    quiet: () =>
      eventually(
        'no alert is active',
        async () => (await ask<{ alerts: unknown[] }>('alerts', {})).alerts.length === 0,
      ),
  };
}

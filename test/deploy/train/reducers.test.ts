/**
 * Reducers as real processes. The model has two chunks of parameters, so that two reducers own one each, and a
 * third none.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createReducerProcesses } from '../../../deploy/train/reducers.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { startLockstep, stepsIn, summaryOf, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const wide = [...smallRun, '--width', '900', '--runtime', 'tensorflow', '--statistics-rows', '60'];
const run = [...wide, '--workers', '2', '--steps', '8'];
const reducersOf = (words: readonly string[]): boolean => words.includes('--reducer-of');

suite('reducers as processes', { timeout: 295_000 }, () => {
  test('1, 2 and 3 end in the same bits, and a killed one changes none', async () => {
    const folder = temporaryFolder();
    const one = await train([...run, '--run-dir', join(folder, '1')]);
    const three = await train([...run, '--run-dir', join(folder, '3'), '--reducers', '3']);
    assert.equal(three.parametersSha256, one.parametersSha256);
    const logs = readdirSync(join(folder, '3', 'logs')).filter((name) => name.startsWith('reducer'));
    assert.deepEqual(logs.sort(), ['reducer-0.log', 'reducer-1.log', 'reducer-2.log']);

    const runDir = join(folder, '2');
    const flags = ['--reducers', '2', '--run-dir', runDir, '--checkpoint-every', '1steps'];
    const two = startLockstep(['train', '--json', ...run, ...flags]);
    await until(
      () => stepsIn(runDir) >= 3,
      () => 'no step was made',
      120_000,
    );
    const [reducer, ...others] = two.processes().filter(({ words }) => reducersOf(words));
    assert.equal(others.length, 1);
    process.kill(reducer!.pid, 'SIGKILL');
    const ended = await two.ended;
    assert.equal(summaryOf(ended).parametersSha256, one.parametersSha256);
    assert.match(ended.stderr, /the reducer on .* is lost \(.*\).*go on from the last checkpoint/);
    assert.match(ended.stderr, /the coordinator ended with exit code 75; resuming in 1 s/);
    assert.equal(stepsIn(runDir), 8);
    assert.deepEqual(two.processes(), []);
  });

  test('end when the process that started them does, whatever its death', async () => {
    const runDir = join(temporaryFolder(), 'run');
    const flags = ['--reducers', '2', '--run-dir', runDir, '--workers', '1', '--steps', '100000'];
    const running = startLockstep(['train', '--json', ...wide, ...flags]);
    await until(
      () => running.processes().filter(({ words }) => reducersOf(words)).length === 2,
      () => 'no reducers',
      120_000,
    );
    running.child.kill('SIGKILL');
    await until(
      () => running.processes().length === 0,
      () => JSON.stringify(running.processes()),
      60_000,
    );
  });
});

test('of one that cannot start the coordinator is told, with its last words; stopping them all is no such end', async () => {
  const folder = temporaryFolder();
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, 'console.error("no room"); process.exit(3);\n');
  const runDir = join(folder, 'run');
  mkdirSync(join(runDir, 'logs'), { recursive: true });
  const options = { environment: process.env, clock: systemClock, say: (): void => {} };
  const reasons: string[] = [];
  const coordinator = {
    endpoint: 'tcp://127.0.0.1:1',
    reducerAbsent: (reason: string) => void reasons.push(reason),
  };
  createReducerProcesses({ ...options, entry }).start(2, coordinator, runDir);
  await until(
    () => reasons.length === 2,
    () => reasons.join(),
  );
  assert.deepEqual(
    reasons.sort(),
    [0, 1].map((index) => `reducer ${index} ended with exit code 3: no room`),
  );
  assert.match(readFileSync(join(runDir, 'logs', 'reducer-1.log'), 'utf8'), /no room/);

  const patient = join(folder, 'patient.mjs');
  writeFileSync(patient, 'setInterval(() => {}, 1000);\n');
  const processes = createReducerProcesses({ ...options, entry: patient });
  processes.start(1, coordinator, runDir);
  await delay(50);
  await processes.stop(100);
  assert.equal(reasons.length, 2);
});

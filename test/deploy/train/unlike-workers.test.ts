/** A real run whose two workers are unlike: one of them is stopped for most of the time, again and again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startLockstep, summaryOf, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const flags = [
  ...smallRun,
  '--batch-size',
  '320',
  '--micro-batch-size',
  '40',
  '--steps',
  '60',
  '--runtime',
  'wasm',
];
const stoppedMs = 45;
const runningMs = 15;

suite('a run of unlike workers', { timeout: 120_000 }, () => {
  test('gives the slow one less to do, and ends in the same bits', async (context) => {
    const folder = temporaryFolder();
    const alone = await train([...flags, '--workers', '1', '--run-dir', join(folder, 'alone')]);
    const words = [...flags, '--workers', '2', '--run-dir', join(folder, 'unlike')];
    const run = startLockstep(['train', '--json', ...words]);
    let slow = 0;
    await until(
      () => {
        const found = run.processes().find(({ words: command }) => command.includes('worker'));
        slow = found?.pid ?? 0;
        return slow > 0;
      },
      () => 'no worker began',
    );
    const brake = hinder(slow);
    const ended = await run.ended.finally(() => clearInterval(brake));
    assert.equal(summaryOf(ended).parametersSha256, alone.parametersSha256);
    const shares = ended.stderr.match(/dealt by measured speed: .*/g) ?? [];
    context.diagnostic(shares.join('; '));
    const counts = shares.map((line) =>
      [...line.matchAll(/(\d+) to rank \d+/g)].map(([, count]) => Number(count)),
    );
    assert(
      counts.some((both) => both.length === 2 && Math.min(...both) <= 3),
      ended.stderr,
    );
  });
});

/** Lets a process run for a quarter of the time. */
function hinder(pid: number): NodeJS.Timeout {
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      clearInterval(timer); // it is gone
    }
  };
  const timer = setInterval(() => {
    signal('SIGSTOP');
    setTimeout(() => signal('SIGCONT'), stoppedMs);
  }, stoppedMs + runningMs);
  return timer;
}

/** Workers that die, stop, or compute nonsense, as real processes: the run ends in the bits of an undisturbed one. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadNewest } from '../../coordinator/run/checkpoint-folder.ts';
import type { Fault } from '../support/faults/fault.ts';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { stepsIn, summaryOf, train, until } from '../support/lockstep.ts';

const steps = 24; // over four epochs
const length = ['--steps', `${steps}`];

const patience = { timeout: 280_000 }; // of each: a hang ends here, and what it started with it

suite('workers', () => {
  test('killed at any phase of their work', patience, async (context) => {
    const kill = (
      at: Extract<Fault, { kind: 'kill' }>['at'],
      call: number,
      when: 'before' | 'after',
    ): Fault => {
      return { kind: 'kill', at, call, when };
    };
    const faults = [
      kill('setParameters', 2, 'before'),
      kill('gradient', 3, 'before'),
      kill('gradient', 4, 'after'),
      kill('statistics', 1, 'before'),
      kill('evaluate', 1, 'after'),
    ];
    const run = await startRun([...length, '--workers', `${faults.length + 1}`], context);
    run.add();
    const killed = faults.map((fault) => run.add(fault));
    const summary = summaryOf(await run.ended);
    for (const { ended } of killed) assert.equal(await ended, 'SIGKILL');
    assert.equal(summary.parametersSha256, await undisturbed(steps));
  });

  test('stopped they are sent away, and let in again when they go on', patience, async (context) => {
    const run = await startRun([...length, '--workers', '2', '--min-workers', '2'], context);
    const stopped = [run.add(), run.add()]; // both: one alone would do the other's work, and end the run
    await run.says(/joined[^]*joined/);
    await until(() => stepsIn(run.runDir) >= 2, run.told);
    for (const { child } of stopped) child.kill('SIGSTOP');
    await run.says(/rank \d lost[^]*rank \d lost/, 30_000);
    await run.says(/the run waits: 0 of 2 workers here/, 30_000);
    for (const { child } of stopped) child.kill('SIGCONT');
    const summary = summaryOf(await run.ended);
    for (const { ended } of stopped) assert.equal(await ended, 0);
    assert.equal(summary.parametersSha256, await undisturbed(steps));
  });

  test(
    'with a gradient that is not finite once are asked again; for good, the run ends',
    patience,
    async (context) => {
      const run = await startRun([...length, '--workers', '2'], context);
      run.add({ kind: 'nan', step: 4, times: 1 });
      run.add();
      const summary = summaryOf(await run.ended);
      assert.match(run.told(), /rank \d: not finite in micro-batch(es)? \d.*computed once more/);
      assert.equal(summary.parametersSha256, await undisturbed(steps));

      const bad = await startRun([...length, '--workers', '1', '--checkpoint-every', '3steps'], context);
      bad.add({ kind: 'nan', step: 10, times: Infinity });
      const { code, stderr } = await bad.ended;
      assert.equal(code, 1, stderr);
      assert.match(stderr, /not finite.*--on-nonfinite skip/);
      const { checkpoint, messages } = loadNewest(`${bad.runDir}/checkpoints`);
      assert.ok(checkpoint.snapshot.progress.step >= 6, `${checkpoint.snapshot.progress.step}`);
      assert.deepEqual(messages, []);
      const mended = await train(['--resume', bad.runDir, '--workers', '1']);
      assert.equal(mended.parametersSha256, await undisturbed(steps));
    },
  );

  test('whose device holds other parameters are sent them anew', patience, async (context) => {
    const run = await startRun([...length, '--workers', '3'], context);
    const miscopying = run.add({ kind: 'copy' });
    run.add();
    run.add();
    const summary = summaryOf(await run.ended);
    assert.match(miscopying.told(), /does not hold the parameters that it was sent/);
    assert.equal(await miscopying.ended, 0);
    assert.equal(summary.parametersSha256, await undisturbed(steps));
  });
});

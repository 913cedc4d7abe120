/**
 * Coordinators that are killed, robbed of their last checkpoint, or doubled: under the supervisor the run ends by
 * itself in the bits of an undisturbed one.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { checkpointName, checkpointSteps } from '../../coordinator/run/checkpoint-folder.ts';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { flip, killWhileWriting, startSupervised, truncate } from '../support/faults/supervised.ts';
import { stepsIn, summaryOf, until } from '../support/lockstep.ts';

const steps = 60; // over eleven epochs

const patience = { timeout: 280_000 }; // of each: a hang ends here, and what it started with it

suite('the coordinator', () => {
  test(
    'killed while it writes a checkpoint, and later with two damaged, goes on from a whole one',
    patience,
    async (context) => {
      const often = ['--checkpoint-every', '2steps', '--keep-checkpoints', '6'];
      const run = startSupervised(['--steps', `${steps}`, '--workers', '1', ...often], context);
      const steady = (): number => (stepsIn(run.runDir) > 0 ? checkpointSteps(run.checkpoints).length : 0);
      await until(() => steady() >= 1, run.told);
      await killWhileWriting(run.checkpoints, run.pidOf('coordinator')!);
      await run.restarted(1);
      const left = readdirSync(run.checkpoints).filter((name) => name.endsWith('.partial'));
      context.diagnostic(`left behind by the kill: ${left.join() || 'nothing'}`);
      await until(() => run.pidOf('coordinator') !== null && steady() >= 4, run.told);
      process.kill(run.pidOf('coordinator')!, 'SIGKILL');
      await run.restarted(2);
      const [third, second, newest] = checkpointSteps(run.checkpoints).slice(-3) as [number, number, number];
      truncate(join(run.checkpoints, checkpointName(newest)));
      flip(join(run.checkpoints, checkpointName(second)));
      const summary = summaryOf(await run.ended);
      for (const [step, why] of [
        [newest, 'truncated'],
        [second, 'SHA-256'],
      ])
        assert.match(
          run.told(),
          new RegExp(`DAMAGED CHECKPOINT, passed over: .*${checkpointName(+step!)}.*${why}`),
        );
      assert.doesNotMatch(run.told(), new RegExp(`DAMAGED.*${checkpointName(third)}`));
      assert.equal(summary.parametersSha256, await undisturbed(steps));
      assert.equal(stepsIn(run.runDir), steps);
      assert.deepEqual(
        readdirSync(run.checkpoints).filter((name) => name.endsWith('.partial')),
        [],
      );
      assert.deepEqual(run.processes(), []);
    },
  );

  test(
    'of which there are two is fenced: the older one writes nothing more, and leaves',
    patience,
    async (context) => {
      const rare = ['--checkpoint-every', '3steps'];
      const older = await startRun(['--steps', `${steps}`, '--workers', '1', ...rare], context);
      older.add();
      await until(() => stepsIn(older.runDir) >= 6, older.told);
      older.child.kill('SIGSTOP');
      const newer = await startRun(['--resume', older.runDir, '--workers', '1'], context);
      newer.add();
      await newer.says(/joined/);
      await delay(500);
      older.child.kill('SIGCONT');
      const { code, stderr } = await older.ended;
      assert.equal(code, 78, stderr);
      assert.match(stderr, /a second coordinator took over .* it writes nothing more/);
      const summary = summaryOf(await newer.ended);
      assert.equal(summary.parametersSha256, await undisturbed(steps));
      assert.equal(stepsIn(older.runDir), steps);
    },
  );

  test(
    'whose port another run was given while it was dead gets its worker back: none works for the other one',
    patience,
    async (context) => {
      const often = ['--checkpoint-every', '2steps'];
      const run = startSupervised(['--steps', `${steps}`, '--workers', '1', ...often], context);
      await until(() => stepsIn(run.runDir) >= 4, run.told);
      const [, , , ...words] = run.processes().find(({ words }) => words[2] === 'worker')!.words;
      const port = new URL(words[words.indexOf('--connect') + 1]!).port;
      run.child.kill('SIGSTOP'); // it starts no coordinator before the port is taken
      process.kill(run.pidOf('coordinator')!, 'SIGKILL');
      const other = await startRun(['--steps', `${steps}`, '--workers', '1', '--port', port], context);
      await other.says(/dropped \(otherRun\): works for run \S+, and this is /);
      run.child.kill('SIGCONT');
      await until(() => /somebody else listens on port/.test(run.told()), run.told);
      other.add();
      for (const { ended } of [other, run]) {
        const summary = summaryOf(await ended);
        assert.equal(summary.parametersSha256, await undisturbed(steps));
      }
      assert.equal(other.told().split('joined').length, 2, other.told());
      assert.deepEqual(run.processes(), []);
    },
  );
});

/** A sweep as a real process, killed without a word in the middle of a trial, and begun again. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSweepFile } from '../../../deploy/sweep/sweep-file.ts';
import { readSharpness } from '../../../deploy/trained/sharpness-file.ts';
import { runLockstep, startLockstep, stepsIn, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

const settings = [
  ...smallRun.filter((word, index) => ![word, smallRun[index - 1]].includes('--batch-size')),
  ...'--workers 1 --runtime wasm --checkpoint-every 10steps --http-port none --targets-dir none'.split(' '),
];

test('a killed sweep leaves no process, and goes on: no trial twice, and the bits of a run by hand', async (context) => {
  const dir = join(temporaryFolder(), 'sweep');
  const words = [...settings, '--batch-size', '100,200', '--no-control', '--budget', 'updates=40'];
  const sweep = startLockstep(['sweep', ...words, '--run-dir', dir]);
  context.after(() => sweep.child.kill('SIGKILL'));
  const second = join(dir, 'batch-200-seed-1');
  await until(
    () => stepsIn(second) > 12,
    () => `step ${stepsIn(second)}`,
  );
  sweep.child.kill('SIGKILL');
  await until(
    () => sweep.processes().length === 0,
    () => JSON.stringify(sweep.processes()),
  );
  const [first, interrupted] = readSweepFile(dir).trials;
  assert.equal(first!.state, 'finished');
  assert.equal(interrupted!.state, 'running'); // as it was
  assert.ok(existsSync(join(dir, 'report.html'))); // of the first

  const resumed = await runLockstep([
    'sweep',
    '--resume',
    dir,
    '--http-port',
    'none',
    '--targets-dir',
    'none',
  ]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /done {6}1 of them, which are not repeated/);
  assert.doesNotMatch(resumed.stderr, /trial 1\/2/);
  const [before, after] = readSweepFile(dir).trials;
  assert.deepEqual(before, first);
  const byHand = await train([
    ...settings,
    '--batch-size',
    '200',
    '--steps',
    '40',
    '--run-dir',
    join(dir, '..', 'one'),
  ]);
  assert.equal(after!.parametersSha256, byHand.parametersSha256);
  assert.equal(after!.steps, 40);
  for (const { trial, steps } of [before!, after!]) {
    assert.equal(readSharpness(join(dir, trial))?.step, steps);
    assert.ok(readSharpness(join(dir, trial))!.eigenvalue! > 0);
  }
  const page = readFileSync(join(dir, 'report.html'), 'utf8');
  for (const part of [
    '2 finished trials',
    'nothing is concluded',
    'Throughput against batch size',
    'Loss (negative ELBO) over updates',
    'Largest eigenvalue: of the loss’s Hessian',
  ])
    assert.ok(page.includes(part), part);
  const bare = page.replaceAll(/src="data:[^"]*"/g, ''); // in which any letters may follow each other
  assert.doesNotMatch(bare, /https?:|<script|<link|url\((?!#)|src="(?!data:)|NaN|undefined/);
});

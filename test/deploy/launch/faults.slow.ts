/**
 * What befalls boxes and the links to them: the run goes on and ends in the bits of a run that nothing befell, or it
 * ends and leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { boxNames, openBoxes } from '../../support/boxes.ts';
import { stepsIn, summaryOf, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { flags, launch, nothingIsLeft, type Launched } from './launched.ts';

const long = ['--steps', '100000'];
const digests = new Map<number, Promise<string>>();

/** The digest of a run on one box that nothing befalls. */
function undisturbed(steps: number): Promise<string> {
  const words = [
    ...flags,
    '--steps',
    `${steps}`,
    '--workers',
    '1',
    '--run-dir',
    join(temporaryFolder(), 'one'),
  ];
  const known = digests.get(steps) ?? train(words).then(({ parametersSha256 }) => parametersSha256);
  digests.set(steps, known);
  return known;
}

const reaches = (run: Launched, steps: number): Promise<void> =>
  until(() => stepsIn(run.runDir) >= steps || run.child.exitCode !== null, run.told, 120_000);

test('a box whose plug is pulled: the others go on, and end in the same bits', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, ['--steps', '300'], context);
  await run.says(/rank 2 joined: boxc/);
  await reaches(run, 3);
  boxes.kill('boxc');
  await run.says(/boxc is lost/);
  assert.equal(boxes.processes('boxc').length, 0);
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(300));
  await nothingIsLeft(boxes);
});

test('a box that is started again is reached again, and its worker joins', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, [...long, '--min-workers', '2'], context);
  await reaches(run, 3);
  boxes.kill('boxb');
  await run.says(/boxb is lost/);
  await boxes.start('boxb');
  await run.says(/boxb is back/);
  await until(() => boxes.processes('boxb').some(({ words }) => words.includes('worker')), run.told);
  await run.says(/boxb is back[^]*joined: boxb/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 143);
  await nothingIsLeft(boxes);
});

test('the box of the coordinator comes back after its plug was pulled: the run resumes', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, ['--steps', '600', '--checkpoint-every', '20steps'], context);
  await reaches(run, 40);
  boxes.kill('boxa');
  await run.says(/boxa is lost/);
  await boxes.start('boxa');
  await run.says(/boxa is back/);
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(600));
  await nothingIsLeft(boxes);
});

test('a box cut off for 15 seconds is missed, not ended, and takes part again', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, [...long, '--min-workers', '2'], context);
  await run.says(/rank 2 joined: boxc/);
  await reaches(run, 3);
  const agents = () => boxes.processes('boxc').filter(({ words }) => words.includes('box'));
  const before = agents().map(({ pid }) => pid);
  boxes.link('boxc', 'down');
  await run.says(/rank \d lost/);
  const missedAt = stepsIn(run.runDir);
  await delay(15_000);
  boxes.link('boxc', 'up');
  assert.ok(stepsIn(run.runDir) > missedAt);
  await run.says(/lost[^]*joined/, 90_000);
  assert.deepEqual(
    agents().map(({ pid }) => pid),
    before,
  );
  assert.doesNotMatch(run.told(), /boxc is lost/);
  run.child.kill('SIGINT');
  assert.equal((await run.ended).code, 130);
  await nothingIsLeft(boxes);
});

test('a link that stays cut leaves nothing on the box', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const place = ['-H', boxNames.join(','), '--nproc-per-node', '1', '--box-timeout', '4'];
  const run = launch(boxes, long, context, place);
  await run.says(/rank 2 joined: boxc/);
  await reaches(run, 3);
  boxes.link('boxc', 'down');
  await until(() => boxes.processes('boxc').length === 0, run.told, 30_000);
  await run.says(/boxc is lost/);
  run.child.kill('SIGINT');
  assert.equal((await run.ended).code, 130);
  await nothingIsLeft(boxes);
});

test('a launcher that is killed leaves nothing behind, and its coordinator saves a checkpoint', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, long, context);
  await reaches(run, 3);
  run.child.kill('SIGKILL');
  await run.ended;
  await nothingIsLeft(boxes);
  const resumed = launch(boxes, ['--resume', run.runDir, '--steps', '100001', '--max-seconds', '1'], context);
  assert.ok(summaryOf(await resumed.ended).steps >= 3);
});

test('a worker killed by a signal is started again on its box', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, long, context);
  await run.says(/rank 1 joined: boxb/);
  await reaches(run, 3);
  const worker = boxes.processes('boxb').find(({ words }) => words.includes('worker'));
  process.kill(worker!.pid, 'SIGKILL');
  await run.says(/rank 1 on boxb ended with signal SIGKILL; starting it again in 1 s/);
  await until(() => boxes.processes('boxb').some(({ words }) => words.includes('worker')), run.told);
  run.child.kill('SIGINT');
  run.child.kill('SIGINT'); // at once
  assert.equal((await run.ended).code, 130);
  await nothingIsLeft(boxes);
});

test('links of 1 Gb/s change no bit', async (context) => {
  const boxes = await openBoxes(context, { bitsPerSecond: 1e9 });
  if (boxes === null) return;
  const run = launch(boxes, ['--steps', '30', '--min-workers', '3'], context);
  const summary = summaryOf(await run.ended);
  context.diagnostic(`${summary.samplesPerSecond.toFixed(0)} samples/s`);
  assert.equal(summary.parametersSha256, await undisturbed(30));
});

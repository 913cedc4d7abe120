/** What else is done on several boxes: sweeps, and set-up. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readSweepFile } from '../../../deploy/sweep/sweep-file.ts';
import { openBoxes, type Boxes } from '../../support/boxes.ts';
import { startLockstep, train, type Ended } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { flags, nothingIsLeft } from './launched.ts';

const settings = flags.filter((word, index) => ![word, flags[index - 1]].includes('--batch-size'));
const unseen = ['--http-port', 'none', '--targets-dir', 'none'];

function onHead(boxes: Boxes, words: readonly string[], context: TestContext): Promise<Ended> {
  const { child, ended } = startLockstep(words, {}, process.execPath, boxes.head);
  context.after(() => void child.kill('SIGKILL'));
  return ended;
}

async function byHand(batchSize: number, steps: number): Promise<string> {
  const words = ['--batch-size', `${batchSize}`, '--steps', `${steps}`, '--workers', '1', ...unseen];
  const folder = join(temporaryFolder(), 'one');
  return (await train([...settings, ...words, '--run-dir', folder])).parametersSha256;
}

test('a sweep over boxes has one trial a box at a time, each with the bits of a run by hand', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const dir = join(temporaryFolder(), 'sweep');
  const place = ['-H', 'boxa:1,boxb:1', '--ssh', boxes.ssh, '--run-dir', dir];
  const grid = ['--batch-size', '100,200', '--no-control', '--no-sharpness', '--budget', 'updates=12'];
  const { code, stderr } = await onHead(boxes, ['sweep', ...place, ...settings, ...grid, ...unseen], context);
  assert.equal(code, 0, stderr);
  const { trials } = readSweepFile(dir);
  assert.deepEqual(
    trials.map(({ state, workers }) => [state, workers]),
    [
      ['finished', 1],
      ['finished', 1],
    ],
  );
  assert.equal(trials[1]!.parametersSha256, await byHand(200, 12));
  await nothingIsLeft(boxes);
});

test('launch … sweep has each trial on all boxes', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const dir = join(temporaryFolder(), 'sweep');
  const place = ['-H', 'boxa:1,boxb:1', '--ssh', boxes.ssh];
  const grid = [
    '--batch-size',
    '100',
    '--no-control',
    '--no-sharpness',
    '--budget',
    'updates=12',
    '--run-dir',
    dir,
  ];
  const words = ['launch', ...place, 'sweep', ...settings, ...grid, ...unseen];
  const { code, stderr } = await onHead(boxes, words, context);
  assert.equal(code, 0, stderr);
  const [trial] = readSweepFile(dir).trials;
  assert.equal(trial?.workers, 2);
  assert.equal(trial.parametersSha256, await byHand(100, 12));
  await nothingIsLeft(boxes);
});

test('setup -H sets up all boxes at once, and names those that failed', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const program = join(temporaryFolder(), 'lockstep');
  writeFileSync(program, '#!/bin/sh\necho "$1 on $(hostname)"\n[ "$(hostname)" != boxb ] || exit 69\n');
  chmodSync(program, 0o755);
  const place = ['-H', 'boxa,boxb,boxc', '--ssh', boxes.ssh, '--remote-command', program];
  const { code, stderr } = await onHead(boxes, ['setup', ...place], context);
  assert.equal(code, 69);
  for (const name of ['boxa', 'boxb', 'boxc'])
    assert.ok(stderr.includes(`[${name}] setup on ${name}`), stderr);
  assert.match(stderr, /1 box of 3 could not be set up \(boxb\)/);
});

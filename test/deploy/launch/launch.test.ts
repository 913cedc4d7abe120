/** A run over three boxes, which ends in the bits of a run on one; and what is refused before anything starts. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { openBoxes } from '../../support/boxes.ts';
import { idx } from '../../support/idx.ts';
import { stepsIn, summaryOf, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { flags, launch, nothingIsLeft } from './launched.ts';

const root = resolve(import.meta.dirname, '../../..');

test('three boxes end in the bits of one, keys in no command line, each rank with its log', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const words = ['--steps', '8', '--min-workers', '3'];
  const run = launch(boxes, words, context);
  await run.says(/rank 2 joined: boxc/);
  const seen = (['boxa', 'boxb', 'boxc'] as const).flatMap((name) => boxes.processes(name));
  const summary = summaryOf(await run.ended);
  const one = [...flags, '--steps', '8', '--workers', '1', '--run-dir', join(temporaryFolder(), 'one')];
  assert.equal(summary.parametersSha256, (await train(one)).parametersSha256);
  assert.equal(summary.workers, 3);
  for (const rank of [0, 1, 2]) {
    assert.match(readFileSync(join(run.runDir, 'logs', `rank-${rank}.log`), 'utf8'), /\S/);
  }
  const connecting = seen.filter(({ words: said }) => said.includes('--connect'));
  assert.ok(connecting.length > 0);
  for (const { words: said } of connecting) assert.equal(said[said.indexOf('--connect') + 1], '/dev/fd/4');
  assert.match(run.told(), /box +workers +lockstep +device +port +data +disk +gradient\n(box[abc] .*\n){3}/);
  await nothingIsLeft(boxes);
});

test('whatever is amiss on a box is told, with a remedy, and nothing is started', async (context) => {
  const folder = temporaryFolder();
  const [data, empty] = [join(folder, 'data'), join(folder, 'empty')];
  mkdirSync(data);
  mkdirSync(empty);
  const images = 'train-images-idx3-ubyte';
  writeFileSync(join(data, images), idx([60, 8, 8], new Uint8Array(60 * 64)));
  const older = join(folder, 'package.json');
  copyFileSync(join(root, 'package.json'), older);
  writeFileSync(older, readFileSync(older, 'utf8').replace(/"version": "[^"]+"/, '"version": "0.0.9"'));
  const cache = join(root, '.lockstep/data');
  const boxes = await openBoxes(context, {
    instead: { boxb: { [join(root, 'package.json')]: older }, boxc: { [data]: empty, [cache]: empty } },
  });
  if (boxes === null) return;
  boxes.ip('boxa', 'address', 'add', '198.18.8.11/32', 'dev', 'link0');
  boxes.ip('boxc', 'route', 'add', 'unreachable', '198.18.8.11/32');
  const place = ['-H', 'boxa:1,boxb:1,boxc:1,boxd:1', '--address', '198.18.8.11'];
  const run = launch(boxes, ['--data', join(data, images), '--batch-size', '20'], context, place);
  const { code, stdout, stderr } = await run.ended;
  assert.equal(code, 78, stderr); // of the first one
  assert.equal(stdout, '');
  assert.match(stderr, /boxb: lockstep: lockstep 0\.0\.9 .* expected 0\.1\.0 .*: install the same/);
  assert.match(stderr, /boxc: port: 198\.18\.8\.11:\d+ is not reached from here .*: open the port/);
  assert.match(stderr, /\nboxc .* sent +-/);
  assert.match(stderr, /boxd: lockstep: .*resolve.*: correct the name/);
  assert.match(stderr, /nothing was started/);
  await nothingIsLeft(boxes);
});

test('Ctrl-C reaches all: a checkpoint is saved, and nothing is left', async (context) => {
  const boxes = await openBoxes(context);
  if (boxes === null) return;
  const run = launch(boxes, ['--steps', '100000'], context, ['-H', 'boxa:1,boxb:1', '--coordinator', 'boxc']);
  await until(() => stepsIn(run.runDir) >= 3 || run.child.exitCode !== null, run.told, 180_000);
  run.child.kill('SIGINT');
  const { code, stderr } = await run.ended;
  assert.equal(code, 130, stderr);
  assert.match(readFileSync(join(run.runDir, 'checkpoints/latest'), 'utf8'), /step-/);
  await nothingIsLeft(boxes);
});

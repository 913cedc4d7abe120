import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishTarget, readTargets, withdrawTarget } from '../../../coordinator/serving/targets.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const targetOf = (runId: string, pid: number, host = 'box1') => ({
  address: `127.0.0.1:${5000 + pid}`,
  runId,
  run: `run-${runId}`,
  folder: `/runs/run-${runId}`,
  host,
  pid,
});
const everybodyLives = () => true;

test('each run has a file of its own in the shared folder, as file_sd reads it', () => {
  const folder = join(temporaryFolder(), 'targets');
  publishTarget(folder, targetOf('a', 1), everybodyLives);
  publishTarget(folder, targetOf('b', 2), everybodyLives);
  assert.deepEqual(readdirSync(folder), ['a.json', 'b.json']);
  const [group] = JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')) as [{ labels: object }];
  assert.deepEqual(Object.keys(group), ['targets', 'labels']);
  assert.deepEqual(
    readTargets(folder).map(({ targets }) => targets),
    [['127.0.0.1:5001'], ['127.0.0.1:5002']],
  );
});

test('a run that ends is no target any more; one that another process took over stays', () => {
  const folder = temporaryFolder();
  const [first, second] = [targetOf('a', 1), targetOf('a', 2)];
  publishTarget(folder, first, everybodyLives);
  publishTarget(folder, second, everybodyLives);
  withdrawTarget(folder, first);
  assert.ok(existsSync(join(folder, 'a.json')));
  withdrawTarget(folder, second);
  assert.deepEqual(readdirSync(folder), []);
});

test('what a killed process of this box left is removed by the next run; that of other boxes is not', () => {
  const folder = temporaryFolder();
  publishTarget(folder, targetOf('dead', 1), everybodyLives);
  publishTarget(folder, targetOf('elsewhere', 1, 'box2'), everybodyLives);
  writeFileSync(join(folder, 'notes.json'), '{"not": "ours"}');
  writeFileSync(join(folder, 'torn.json'), '[{"targets"');
  publishTarget(folder, targetOf('new', 2), (pid) => pid !== 1);
  assert.deepEqual(readdirSync(folder).sort(), ['elsewhere.json', 'new.json', 'notes.json', 'torn.json']);
});

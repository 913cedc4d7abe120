import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFaults } from '../../../coordinator/run/faults.ts';
import { readEpochs, readHistory } from '../../../coordinator/run/history.ts';
import { openRecords } from '../../../coordinator/run/records.ts';
import { createRunFolder, reopenRunFolder } from '../../../coordinator/run/run-folder.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const owner = { host: 'box', pid: 1, startedAt: '2026-01-01T00:00:00Z' };

function open() {
  const folder = createRunFolder(join(temporaryFolder(), 'run'), owner);
  const problems: string[] = [];
  const faults = createFaults((message) => problems.push(message));
  const clock = { ms: 0 };
  const records = openRecords({ folder, firstStep: 0, nowMs: () => clock.ms, wallSeconds: () => 1, faults });
  return { folder, problems, clock, records };
}

test('steps reach the disk each second, evaluations at once', () => {
  const { folder, clock, records } = open();
  records.step(stepOf(0));
  clock.ms = 999;
  records.step(stepOf(1));
  assert.equal(readHistory(folder.path).length, 0);
  clock.ms = 1000;
  records.step(stepOf(2));
  assert.equal(readHistory(folder.path).length, 3);
  records.step(stepOf(3));
  records.evaluation(evaluationOf(4));
  assert.equal(readHistory(folder.path).length, 4);
  assert.equal(readEpochs(folder.path).length, 1);
  assert.equal(readdirSync(folder.tensorboard).length, 1);
});

test('a disk that refuses stops nobody, and loses no line once it accepts again', () => {
  const { folder, problems, records } = open();
  mkdirSync(join(folder.path, 'history.jsonl'));
  records.step(stepOf(0));
  records.flush();
  assert.match(problems[0]!, /^history could not be written: EISDIR/);
  rmdirSync(join(folder.path, 'history.jsonl'));
  records.step(stepOf(1));
  records.flush();
  assert.deepEqual(readHistory(folder.path), [stepOf(0), stepOf(1)]);
});

test('an orphan writes nothing', () => {
  const { folder, records } = open();
  reopenRunFolder(folder.path, owner);
  records.step(stepOf(0));
  assert.throws(() => records.flush(), { exitCode: 78, message: /a second coordinator took over/ });
  assert.deepEqual([readHistory(folder.path), readdirSync(folder.tensorboard)], [[], []]);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  answerOf,
  neutralEnvironment,
  numberOf,
  parseAnswer,
  peersOf,
  trainWords,
  withFolder,
} from '../../../../deploy/bench/peers/contestants.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const sizes = { processes: 2, batchSize: 1000, steps: 6 };
const after = (words: readonly string[], flag: string): number => Number(words[words.indexOf(flag) + 1]);

test('every contestant has the same threads, the same batch and as many timed steps', () => {
  for (const { args, name } of peersOf(sizes, true)) {
    const processes = args.includes('--processes') ? after(args, '--processes') : 1;
    assert.equal(processes * after(args, '--threads'), 2, name);
    assert.equal(processes * after(args, '--batch-size'), 1000, name);
    assert.equal(after(args, '--steps'), 6, name);
  }
  const words = trainWords(sizes, 'folder');
  assert.equal(after(words, '--workers') * after(words, '--threads'), 2);
  assert.equal(after(words, '--batch-size'), 1000);
  assert.equal(after(words, '--micro-batch-size') * 2, 1000);
  assert.equal(after(words, '--steps'), 6 + 1, 'the first step is not timed');
});

test('variables of ours change no contestant, and no GPU is seen', () => {
  const given = { PATH: '/bin', LOCKSTEP_WIDTH: '3', LOCKSTEP_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '0' };
  const { LOCKSTEP_WIDTH, ...kept } = neutralEnvironment(given);
  assert.equal(LOCKSTEP_WIDTH, undefined);
  assert.deepEqual(kept, {
    PATH: '/bin',
    LOCKSTEP_OFFLINE: '1',
    CUDA_VISIBLE_DEVICES: '-1',
    TF_CPP_MIN_LOG_LEVEL: '3',
  });
});

test('an answer is the last line of standard output', () => {
  assert.deepEqual(parseAnswer('a peer', 'chatter\n{"samplesPerSecond": 7.5}\n'), { samplesPerSecond: 7.5 });
  for (const stdout of ['', 'chatter', '{"a": 1}\nchatter', '7', 'null']) {
    assert.throws(
      () => parseAnswer('a peer', stdout),
      /^LockstepError: a peer answered .*, expected a line of JSON/,
    );
  }
});

test('a figure is a finite number', () => {
  assert.equal(numberOf('a peer', { a: 2 }, 'a'), 2);
  for (const a of ['2', null, undefined, NaN]) {
    assert.throws(() => numberOf('a peer', { a }, 'a'), /a peer answered a .*, expected a number/);
  }
});

test('a program that fails is told with its last words', async () => {
  const run = (script: string) =>
    answerOf('a peer', { program: process.execPath, args: ['-e', script], environment: process.env });
  assert.deepEqual(await run('console.log(JSON.stringify({ a: 1 }))'), { a: 1 });
  await assert.rejects(
    run('console.error("x\\nno memory"); process.exit(3)'),
    /a peer ended with 3: no memory/,
  );
  await assert.rejects(run('process.kill(process.pid, "SIGKILL")'), /a peer ended with SIGKILL/);
});

test('a folder goes with what used it, even when that fails', async () => {
  let seen = '';
  const use = withFolder(join(temporaryFolder(), 'new'), (folder) => {
    assert.ok(existsSync(folder));
    seen = folder;
    return Promise.reject(new Error('no'));
  });
  await assert.rejects(use, /no/);
  assert.ok(!existsSync(seen));
});

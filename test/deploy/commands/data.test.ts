/** `lockstep data` as a person runs it: results on stdout, the rest on stderr, an exit code for each end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { goldenMat } from '../../support/golden-mat.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const main = fileURLToPath(new URL('../../../deploy/main.ts', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function data(words: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'data', ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (texts[name] += chunk));
  return new Promise((resolve) => void child.on('close', (code) => resolve({ code, ...texts })));
}

test('info, verify and synthesize work on one another, with --json as one object alone on stdout', async () => {
  const path = join(temporaryFolder(), 'digits.mat');
  const made = await data(['synthesize', path, '--rows', '30', '--seed', '3']);
  assert.deepEqual([made.code, made.stdout], [0, `${path}\n`]);
  const [info, verify] = await Promise.all([
    data(['info', path, '--json']),
    data(['verify', path, '--json']),
  ]);
  assert.deepEqual([info.code, verify.code], [0, 0]);
  const summary = JSON.parse(info.stdout);
  assert.deepEqual([summary.rows, summary.shape.height, summary.labels.length], [30, 32, 10]);
  const verified = JSON.parse(verify.stdout);
  assert.equal(verified.hash, summary.hash);
  assert.equal(verified.files[0].published, null);
});

test('each failure is one line on stderr, nothing on stdout, and its own exit code', async () => {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('empty.mat'), '');
  const cases: [string[], number, RegExp, Record<string, string>?][] = [
    [['info', path('none.mat')], 65, /none\.mat: no such file/],
    [['info', path('empty.mat')], 65, /empty\.mat: at byte 0: got an empty file, expected images/],
    [
      ['verify', goldenMat('refused-double')],
      65,
      /at byte \d+ .*got X of class double, expected uint8, real/,
    ],
    [['fetch', 'svhn'], 78, /LOCKSTEP_OFFLINE/, { LOCKSTEP_OFFLINE: '1' }],
    [['look'], 64, /./],
  ];
  const outcomes = await Promise.all(cases.map(([words, , , environment]) => data(words, environment)));
  outcomes.forEach(({ code, stdout, stderr }, i) => {
    const [words, expectedCode, pattern] = cases[i]!;
    assert.equal(code, expectedCode, `${words.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, pattern);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  });
});

/** `lockstep evaluate` as a process: the result alone on standard output, and every refusal in one line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { temporaryFolder } from '../../support/temporary.ts';
import { writeTrainedRun } from '../../support/trained-run.ts';

const evaluate = (...words: string[]) =>
  spawnSync(process.execPath, ['deploy/lockstep.mjs', 'evaluate', ...words], { encoding: 'utf8' });

test('--json prints one object and nothing else, progress goes to stderr', async () => {
  const { path } = await writeTrainedRun(temporaryFolder());
  const { status, stdout, stderr } = evaluate(path, '--json', '--runtime', 'wasm', '--no-bits-per-dimension');
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(report['rowCount'], 12);
  assert.equal(report['importanceSamples'], 50);
  assert.match(stderr, /step 7/);
});

test('what is wrong with the words or the file is one line and an exit code', () => {
  const refusals = [
    { words: ['no-such-run'], code: 65, message: /no-such-run: no such file/ },
    { words: ['x', '--rows', '0'], code: 64, message: /--rows 0: expected an integer of at least 1/ },
  ];
  for (const { words, code, message } of refusals) {
    const { status, stderr, stdout } = evaluate(...words);
    assert.equal(status, code);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1);
    assert.equal(stdout, '');
  }
});

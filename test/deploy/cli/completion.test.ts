/** The script of `lockstep completion` in a real bash, which is asked what it would offer after a tab. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../support/temporary.ts';

const command = resolve(import.meta.dirname, '../../../deploy/lockstep.mjs');

/** What a bash offers for each line, whose last word is the one to complete. */
const ask = `
  source <(lockstep completion)
  while IFS= read -r line; do
    read -ra COMP_WORDS <<< "$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _lockstep_yargs_completions
    echo "\${COMPREPLY[*]}"
  done
  complete -p lockstep`;

test('bash offers commands, flags and values, each where it belongs', () => {
  const folder = temporaryFolder();
  symlinkSync(command, join(folder, 'lockstep'));
  const expected = {
    'lockstep ben': 'bench',
    'lockstep bench ker': 'kernels',
    'lockstep train --micro-b': '--micro-batch-size',
    'lockstep train --runtime w': 'webgpu wasm',
    'lockstep export runs/one --format s': 'safetensors',
    'lockstep sample ': '', // files
  };
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask], {
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, SHELL: '/bin/bash' },
    input: Object.keys(expected)
      .map((line) => `${line}\n`)
      .join(''),
    encoding: 'utf8',
  });
  const [offered, registered] = [
    stdout.trimEnd().split('\n').slice(0, -1),
    stdout.trimEnd().split('\n').at(-1),
  ];
  assert.deepEqual(offered, Object.values(expected), stderr);
  assert.match(registered ?? '', /-o default .*_lockstep_yargs_completions lockstep$/);
});

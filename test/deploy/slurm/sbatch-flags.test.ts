import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../shared/errors.ts';
import { readSlurmWords, wordOf } from '../../../deploy/slurm/sbatch-flags.ts';

const read = (line: string) => readSlurmWords(line.split(' '));

test('options of sbatch are told from ours and from the command, in every way that sbatch writes them', () => {
  const { flags, command, ...own } = read(
    '--slurm -N3 -p gpu --time=1:00:00 --exclusive --save-before 300 -n 6 --array-limit 2 sweep --batch-size 1,2',
  );
  assert.deepEqual(own, { print: false, saveBeforeSeconds: 300, arrayLimit: 2, data: [] });
  assert.deepEqual(flags.map(wordOf), [
    '--nodes=3',
    '--partition=gpu',
    '--time=1:00:00',
    '--exclusive',
    '--ntasks=6',
  ]);
  assert.deepEqual(command, ['sweep', '--batch-size', '1,2']);
});

test('how workers come by rows is said as with boxes', () => {
  const { data, flags } = read('--slurm --copy-data --data-dir /scratch -N 2 train');
  assert.deepEqual(data, ['--copy-data', '--data-dir', '/scratch']);
  assert.deepEqual(flags, [{ name: 'nodes', value: '2' }]);
  assert.deepEqual(read('--slurm --stream-data train').data, ['--stream-data']);
});

test('an option takes the next word even if it is called train, as a partition may be', () => {
  const { flags, command } = read('--slurm --partition train train --epochs 2');
  assert.deepEqual(flags, [{ name: 'partition', value: 'train' }]);
  assert.deepEqual(command, ['train', '--epochs', '2']);
});

test('a value with blanks or quotes is one word to sbatch', () => {
  assert.equal(wordOf({ name: 'comment', value: 'a "b" \\ c' }), String.raw`--comment="a \"b\" \\ c"`);
  assert.equal(wordOf({ name: 'constraint', value: 'a100&nvlink' }), '--constraint="a100&nvlink"');
});

const refused: readonly (readonly [line: string, reason: RegExp])[] = [
  ['--slurm --nodes 3', /got no command/],
  ['--slurm --nodes', /--nodes got no value/],
  ['--slurm gpu train', /"gpu", expected an option of sbatch/],
  ['--slurm --array 1-3 train', /--array-limit N/],
  ['--slurm -a1-3 train', /--array-limit N/],
  ['--slurm --signal USR1@10 train', /--save-before SECONDS/],
  ['--slurm --gres gpu:4 train', /--gpus-per-node N/],
  ['--slurm -H boxa train', /--nodelist NAMES/],
  ['--slurm --save-before soon train', /--save-before got "soon"/],
  ['--slurm --copy-data --stream-data train', /--copy-data and --stream-data exclude/],
  ['--slurm --array-limit 2 train', /--array-limit is of a sweep/],
];

test('what the job script must say itself is refused, with what to say instead', () => {
  for (const [line, reason] of refused) {
    assert.throws(
      () => read(line),
      (error) => error instanceof LockstepError && error.exitCode === 64 && reason.test(error.message),
      line,
    );
  }
});

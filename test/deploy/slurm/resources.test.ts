import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../shared/errors.ts';
import { resourcesOf, type Demands } from '../../../deploy/slurm/resources.ts';
import { readSlurmWords, wordOf } from '../../../deploy/slurm/sbatch-flags.ts';

const onGpus: Demands = { workers: null, runtime: 'auto', threads: null, allowCpu: false };
const onCpus: Demands = { ...onGpus, runtime: 'wasm' };

function ask(line: string, demands: Demands) {
  const given = line === '' ? [] : line.split(' ');
  const { flags, tasks, gpusPerTask } = resourcesOf(readSlurmWords([...given, 'train']).flags, demands);
  return { line: flags.map(wordOf).join(' '), tasks, gpusPerTask };
}

test('however GPUs are counted, each task has one', () => {
  assert.deepEqual(ask('', onGpus), { line: '--ntasks=1 --gpus-per-task=1', tasks: 1, gpusPerTask: '1' });
  assert.deepEqual(ask('--nodes 3 --gpus-per-node 4', onGpus), {
    line: '--nodes=3 --ntasks-per-node=4 --ntasks=12 --gpus-per-task=1',
    tasks: 12,
    gpusPerTask: '1',
  });
  assert.deepEqual(ask('--gpus-per-node a100:2', onGpus), {
    line: '--ntasks-per-node=2 --ntasks=2 --gpus-per-task=a100:1',
    tasks: 2,
    gpusPerTask: 'a100:1',
  });
  assert.deepEqual(ask('-G 8', onGpus), { line: '--gpus=8 --gpus-per-task=1', tasks: 8, gpusPerTask: '1' });
  assert.equal(ask('--nodes 2', { ...onGpus, workers: 6 }).tasks, 6);
});

test('a run on CPUs asks for no GPU, and for as many CPUs as a worker has threads', () => {
  assert.deepEqual(ask('--nodes 3', onCpus), { line: '--nodes=3 --ntasks=3', tasks: 3, gpusPerTask: null });
  assert.equal(ask('--ntasks 2', { ...onGpus, allowCpu: true }).gpusPerTask, null);
  assert.equal(ask('--ntasks 2 --gpus-per-task 0', onGpus).gpusPerTask, null);
  assert.equal(ask('--ntasks 2', { ...onCpus, threads: 4 }).line, '--ntasks=2 --cpus-per-task=4');
});

test('of a range of nodes only Slurm knows how many tasks it becomes', () => {
  assert.equal(ask('--nodes 2-4', onCpus).tasks, null);
});

test('contradictions are refused', () => {
  const lines: readonly (readonly [string, Demands])[] = [
    ['--ntasks 3', { ...onGpus, workers: 4 }],
    ['--gpus-per-node 4', onCpus],
    ['--gpus-per-task 2', onGpus],
    ['--gpus-per-node 4 --gpus-per-task 0', onGpus],
    ['--gpus-per-node 4 --ntasks-per-node 4', onGpus],
    ['--gpus-per-node some', onGpus],
  ];
  for (const [line, demands] of lines) {
    assert.throws(
      () => ask(line, demands),
      (error) => error instanceof LockstepError && error.exitCode === 64,
      line,
    );
  }
});

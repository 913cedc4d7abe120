import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  reportScript,
  runScript,
  sweepScript,
  type JobSettings,
  type RunJob,
  type SweepJob,
} from '../../../deploy/slurm/job-script.ts';
import { runLockstep } from '../../support/lockstep.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const settings: Omit<JobSettings, 'jobDir'> = {
  command: "npx lockstep launch --slurm train --data 'my images.mat'",
  lockstep: ['/usr/bin/node', '/opt/lock step/lockstep.mjs'],
  folder: '/home/me',
  flags: [{ name: 'ntasks', value: '3' }],
  gpusPerTask: '1',
  saveBeforeSeconds: 90,
  variables: { LOCKSTEP_BATCH_SIZE: '$(reboot)' },
  words: [],
};
const runJob: RunJob = {
  ...settings,
  runDir: '/runs/100% mine',
  jobDir: '/runs/100% mine/slurm',
  begin: ['--data', "it's.mat", '--run-dir', '/runs/100% mine'],
  again: ['--resume', '/runs/100% mine'],
  worker: ['--runtime', 'auto'],
};
const sweepJob: SweepJob = {
  ...settings,
  variables: { LOCKSTEP_BATCH_SIZE: null },
  jobDir: '/sweeps/a/slurm',
  sweepDir: '/sweeps/a',
  trials: [0, 2, 3],
  arrayLimit: 2,
};

/** @returns what bash makes of the words that the script sets */
function evaluated(script: string, word: string): string {
  const settingLines = script
    .split('\nsitting=')[0]!
    .split('\n')
    .filter((line) => !/^(name=\$|mapfile|exec)/.test(line));
  return spawnSync('bash', ['-c', `${settingLines.join('\n')}\nprintf '%s|' ${word}`], { encoding: 'utf8' })
    .stdout;
}

async function shellcheck(script: string): Promise<void> {
  const path = join(temporaryFolder(), 'job.sh');
  writeFileSync(path, script);
  const { stdout, status } = spawnSync('shellcheck', [path], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

suite('the job script', () => {
  test('means the same words, whatever is in them', () => {
    const script = runScript(runJob);
    assert.equal(evaluated(script, '"${begin[@]}"'), "--data|it's.mat|--run-dir|/runs/100% mine|");
    assert.equal(evaluated(script, '"${lockstep[@]}"'), '/usr/bin/node|/opt/lock step/lockstep.mjs|');
    assert.equal(evaluated(script, '"$LOCKSTEP_BATCH_SIZE"'), '$(reboot)|');
    assert.match(script, /^#SBATCH --output="\/runs\/100%% mine\/slurm\/%j\.log"$/m);
  });

  test('asks to be signalled in time and to go back into the queue, unless told not to', () => {
    const lines = runScript(runJob).split('\n');
    for (const line of ['--signal=B:TERM@90', '--requeue', '--no-kill', '--open-mode=append', '--ntasks=3'])
      assert.ok(lines.includes(`#SBATCH ${line}`), line);
    const stays = runScript({ ...runJob, flags: [{ name: 'no-requeue', value: null }] });
    assert.doesNotMatch(stays, /SBATCH --requeue/);
    const slurmsWay = runScript({ ...runJob, flags: [{ name: 'no-kill', value: 'off' }] });
    assert.deepEqual(slurmsWay.match(/SBATCH --no-kill.*/g), ['SBATCH --no-kill=off']);
    assert.equal(evaluated(stays, '$goes_back'), 'no|');
  });

  test('of a sweep is one for all of its trials that are left', () => {
    const script = sweepScript(sweepJob);
    assert.match(script, /^#SBATCH --array=0,2,3%2$/m);
    assert.match(script, /^unset LOCKSTEP_BATCH_SIZE$/m);
    assert.match(reportScript(sweepJob, []), / report \/sweeps\/a$/m);
  });

  test('is clean to shellcheck', async (context) => {
    if (!requires('shellcheck', context)) return;
    await shellcheck(runScript({ ...runJob, variables: { LOCKSTEP_BATCH_SIZE: '100' } }));
    await shellcheck(runScript({ ...runJob, variables: {}, gpusPerTask: null }));
    await shellcheck(sweepScript(sweepJob));
    await shellcheck(reportScript(sweepJob, []));
  });

  test('is printed without anything being written or submitted', async () => {
    const runDir = join(temporaryFolder(), 'run');
    const words = [
      'launch',
      '--slurm',
      '--print',
      '--nodes',
      '3',
      'train',
      '--runtime',
      'wasm',
      '--run-dir',
      runDir,
    ];
    const { code, stdout } = await runLockstep(words, { PATH: '/nonexistent' });
    assert.equal(code, 0);
    assert.match(stdout, /^#!\/usr\/bin\/env bash\n/);
    assert.match(stdout, /^#SBATCH --nodes=3$/m);
    assert.equal(spawnSync('test', ['-e', runDir]).status, 1);
  });

  test('is not submitted for a run that could not begin', async () => {
    const wrong = await runLockstep(['launch', '--slurm', 'train', '--batch-size', 'many']);
    assert.equal(wrong.code, 64);
    assert.match(wrong.stderr, /--batch-size/);
    const noSlurm = await runLockstep(
      ['launch', '--slurm', 'train', '--runtime', 'wasm', '--run-dir', '/tmp'],
      {
        PATH: '/nonexistent',
      },
    );
    assert.equal(noSlurm.code, 64, noSlurm.stderr); // since the folder is not empty
  });
});

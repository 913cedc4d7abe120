import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterPlaceOf, ownGpu } from '../../../deploy/cli/cluster-variables.ts';

test("torchrun's variables name the coordinator, the rank and the device", () => {
  const environment = {
    MASTER_ADDR: 'box1',
    MASTER_PORT: '29500',
    RANK: '5',
    LOCAL_RANK: '1',
    SLURM_PROCID: '9',
  };
  assert.deepEqual(clusterPlaceOf(environment), { endpoint: 'tcp://box1:29500', rank: 5, localRank: 1 });
});

test("Slurm's name the rank and the device, and without any there is nothing", () => {
  const slurm = clusterPlaceOf({ SLURM_PROCID: '3', SLURM_LOCALID: '1' });
  assert.deepEqual(slurm, { endpoint: null, rank: 3, localRank: 1 });
  assert.deepEqual(clusterPlaceOf({ RANK: '' }), { endpoint: null, rank: null, localRank: null });
});

test('a value that is no number is refused with its name', () => {
  assert.throws(() => clusterPlaceOf({ RANK: 'first' }), { exitCode: 78, message: /^RANK is "first"/ });
});

test('a worker takes its own of several GPUs, and the one that it was given', () => {
  const gpus = [{ index: '0' }, { index: '3' }];
  assert.equal(ownGpu(gpus, 1), '3');
  assert.equal(ownGpu(gpus, null), null);
  assert.equal(ownGpu([{ index: '3' }], 1), null);
});

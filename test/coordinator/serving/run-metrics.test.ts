import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLayout } from '../../../shared/math/layout.ts';
import { createRunMetrics } from '../../../coordinator/serving/run-metrics.ts';
import type { RankView } from '../../../coordinator/serving/ranks.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { smallModel } from '../../support/snapshots.ts';

const rank: RankView = {
  rank: 0,
  host: 'box',
  device: 'a CPU',
  backend: 'cpu',
  state: 'working',
  ageSeconds: 0.5,
  computeSeconds: 0.25,
  microBatches: 2,
  residentBytes: 4096,
};

function createScene() {
  const scene = { ranks: [rank] as readonly RankView[], writeErrors: 0 };
  const made = createRunMetrics({
    info: { run_id: 'r', batch_size: 250, micro_batch_size: 125, version: '1.0.0' },
    expectedWorkers: 2,
    reducers: 1,
    folder: import.meta.dirname,
    ranks: () => scene.ranks,
    writeErrors: () => scene.writeErrors,
    wallSeconds: () => 1000,
  });
  /** The value of a series, by its name without prefix and its labels. */
  const value = async (name: string, labels = ''): Promise<number | null> => {
    const lines = (await made.metrics.read()).split('\n');
    const found = lines.find(
      (line) =>
        line.startsWith(`lockstep_${name}{`) && labels.split(',').every((label) => line.includes(label)),
    );
    return found === undefined ? null : Number(found.split('} ')[1]);
  };
  return Object.assign(scene, made, { value });
}

const extent = { stepCount: 40, epochs: null };

test('steps are counted, and their phases add up to them', async () => {
  const { stepDone, value } = createScene();
  stepDone!(stepOf(0), extent);
  stepDone!({ ...stepOf(1), committed: false }, extent);
  assert.equal(await value('samples_total'), 500);
  assert.equal(await value('steps_total'), 2);
  assert.equal(await value('non_finite_steps_total'), 1);
  assert.equal(await value('loss', 'term="kl"'), 0.1);
  let sum = 0;
  for (const phase of ['parameters', 'compute', 'exchange', 'commit', 'wait'])
    sum += (await value('step_duration_seconds_sum', `phase="${phase}"`))!;
  assert.equal(sum, await value('step_seconds_sum'));
});

test('an evaluation sets the losses of each split that there is, and the noise scale', async () => {
  const { evaluated, value } = createScene();
  assert.equal(await value('gradient_noise_scale_samples'), null);
  evaluated!(evaluationOf(10), extent);
  assert.equal(await value('evaluation_loss', 'split="held_out",term="loss"'), 92);
  assert.equal(await value('evaluation_loss', 'split="test",term="loss"'), null);
  assert.equal(await value('gradient_noise_scale_samples'), 48);
});

test('a rank that is lost is down, and has no other figures; a run that is over has no ranks', async () => {
  const scene = createScene();
  assert.equal(await scene.value('rank_up', 'rank="0"'), 1);
  assert.equal(await scene.value('rank_resident_memory_bytes', 'rank="0"'), 4096);
  scene.ranks = [{ ...rank, state: 'lost' }];
  assert.equal(await scene.value('rank_up', 'rank="0"'), 0);
  assert.equal(await scene.value('rank_resident_memory_bytes', 'rank="0"'), null);
  assert.equal(await scene.value('workers', 'state="lost"'), 1);
  scene.ranks = [];
  scene.ended();
  assert.equal(await scene.value('rank_up', 'rank="0"'), null);
  assert.equal(await scene.value('run_finished'), 1);
});

test('what befalls the cluster and the disk is counted once', async () => {
  const scene = createScene();
  scene.notice!({ kind: 'joined', rank: 0, peer: 'a', reason: '' });
  scene.notice!({ kind: 'reassigned', rank: 0, microBatches: 3 });
  scene.notice!({ kind: 'nonFinite', rank: 0, leaves: [1, 2], again: false });
  scene.offence('crc');
  scene.bytes('sent', 100);
  scene.writeErrors = 2;
  assert.equal(await scene.value('write_errors_total'), 2);
  assert.equal(await scene.value('write_errors_total'), 2);
  assert.equal(await scene.value('worker_joins_total'), 1);
  assert.equal(await scene.value('reassigned_micro_batches_total'), 3);
  assert.equal(await scene.value('non_finite_micro_batches_total'), 2);
  assert.equal(await scene.value('errors_total', 'kind="crc"'), 1);
  assert.equal(await scene.value('bytes_total', 'direction="sent"'), 100);
  assert.ok((await scene.value('run_folder_free_bytes'))! > 0);
});

test('what the run is, is known with the model; how many reducers there are, from the beginning', async () => {
  const scene = createScene();
  assert.equal(await scene.value('run_info'), null);
  assert.equal(await scene.value('reducers'), 1);
  scene.modelKnown!(smallModel, 'wasm');
  const { parameterCount } = createLayout(smallModel.parameters);
  const labels = `batch_size="250",parameters="${parameterCount}",runtime="wasm",device="a CPU"`;
  assert.equal(await scene.value('run_info', labels), 1);
});

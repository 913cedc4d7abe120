import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster, Job } from '../../../deploy/plan/cluster.ts';
import { predict } from '../../../deploy/plan/predict.ts';
import { measuredRates } from '../../../deploy/plan/rates.ts';
import { sizesOfCount } from '../../../shared/model/sizes.ts';

const parameters = 1e8;
const rates = measuredRates(1e-3);
const job: Job = { sizes: sizesOfCount(parameters), batchSize: 1600, microBatchSize: 100, wire: 'float32' };
const boxes: Cluster = {
  workers: 8,
  boxes: 2,
  coordinatorApart: false,
  linkBitsPerSecond: 1e9,
  isEncrypted: false,
  reducers: 1,
  coresPerBox: null,
};

test('a step is the sum of its phases, and samples are those of the batch', () => {
  const { stepSeconds, samplesPerSecond, phases } = predict(job, boxes, rates);
  const sum = Object.values(phases).reduce((total, seconds) => total + seconds, 0);
  assert.ok(Math.abs(sum - stepSeconds) < 1e-12);
  assert.equal(samplesPerSecond, 1600 / stepSeconds);
});

test('the link carries the arrays of the workers of the other box, each way', () => {
  const { linkBytes, phases, bound } = predict(job, boxes, rates);
  assert.deepEqual(linkBytes, { up: 4 * 4 * parameters, down: 4 * 4 * parameters });
  assert.deepEqual(bound, { up: 'link', down: 'link' });
  assert.ok(phases.sum > (8 * linkBytes.up) / 1e9);
});

test('a coordinator apart has all workers behind its link', () => {
  const apart = predict(job, { ...boxes, coordinatorApart: true }, rates);
  assert.equal(apart.linkBytes.up, 8 * 4 * parameters);
});

test('bfloat16 halves what goes up, and nothing of what comes down', () => {
  const { linkBytes } = predict({ ...job, wire: 'bfloat16' }, boxes, rates);
  assert.deepEqual(linkBytes, { up: 4 * 2 * parameters, down: 4 * 4 * parameters });
});

test('reducers on both boxes even out the links: each takes half of the arrays of the other side', () => {
  const { linkBytes } = predict(job, { ...boxes, reducers: 2 }, rates);
  assert.equal(linkBytes.up, (4 * 4 * parameters) / 2);
});

test('a range of micro-batches that is no subtree sends a node more', () => {
  const uneven = predict(
    { ...job, batchSize: 300 },
    { ...boxes, boxes: 1, coordinatorApart: true, workers: 1 },
    rates,
  );
  const dealt = predict(
    { ...job, batchSize: 600 },
    { ...boxes, boxes: 1, coordinatorApart: true, workers: 2 },
    rates,
  );
  assert.equal(uneven.linkBytes.up, 4 * parameters); // the whole tree is one node
  assert.equal(dealt.linkBytes.up, 4 * 4 * parameters); // [0, 3) and [3, 6) are two each
});

test('on a quick link the host sets the time, and encryption makes it longer', () => {
  const here = { ...boxes, linkBitsPerSecond: 1e12 };
  const [plain, encrypted] = [false, true].map((isEncrypted) =>
    predict(job, { ...here, isEncrypted }, rates),
  );
  assert.equal(plain!.bound.up, 'host');
  assert.ok(encrypted!.phases.sum > plain!.phases.sum);
});

test('one box has nothing on a link, nor anything to encrypt', () => {
  const here = { ...boxes, boxes: 1, linkBitsPerSecond: null };
  const plain = predict(job, here, rates);
  assert.equal(plain.linkBytes.up, 0);
  assert.deepEqual(predict(job, { ...here, isEncrypted: true }, rates), plain);
});

test('more CPU workers than cores take turns, and compute no sooner', () => {
  const cpu = { ...boxes, boxes: 1, linkBitsPerSecond: null };
  const on = (workers: number, coresPerBox: number | null) =>
    predict(job, { ...cpu, workers, coresPerBox }, rates).phases.compute;
  assert.ok(Math.abs(on(4, 2) / on(2, 2) - 1) < 0.05);
  assert.equal(on(4, 4), on(4, null));
});

test('workers without a micro-batch are named', () => {
  const { idleWorkers, mostMicroBatches } = predict({ ...job, batchSize: 500 }, boxes, rates);
  assert.deepEqual([idleWorkers, mostMicroBatches], [3, 1]);
});

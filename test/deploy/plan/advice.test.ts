import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advise } from '../../../deploy/plan/advice.ts';
import { oneBoxOf, type Cluster, type Job } from '../../../deploy/plan/cluster.ts';
import { predict } from '../../../deploy/plan/predict.ts';
import { measuredRates } from '../../../deploy/plan/rates.ts';
import { sizesOfCount } from '../../../shared/model/sizes.ts';

const rates = measuredRates(1e-3);
const job: Job = { sizes: sizesOfCount(1e8), batchSize: 1600, microBatchSize: 100, wire: 'float32' };
const cluster: Cluster = {
  workers: 8,
  boxes: 2,
  coordinatorApart: false,
  linkBitsPerSecond: 1e9,
  isEncrypted: false,
  reducers: 1,
  coresPerBox: null,
};

test('the batch for a tenth is the least one: half as many micro-batches for each worker are not enough', () => {
  const { batchForTenth } = advise(job, cluster, rates);
  const share = (batchSize: number): number => {
    const { exchangeSeconds, stepSeconds } = predict({ ...job, batchSize }, cluster, rates);
    return exchangeSeconds / stepSeconds;
  };
  assert.ok(share(batchForTenth) < 0.1);
  assert.ok(share(batchForTenth / 2) >= 0.1);
});

test('one box is said to be faster exactly where it is, and what it says would pay does', () => {
  const large = { ...job, batchSize: 64 * 800 };
  const { oneBox } = advise(large, cluster, rates);
  const rate = (of: Job, on: Cluster): number => predict(of, on, rates).samplesPerSecond;
  const isFaster = (of: Job, on: Cluster): boolean => rate(of, on) > rate(of, oneBoxOf(on));
  assert.equal(oneBox?.isFaster, !isFaster(large, cluster));
  assert.ok(oneBox.isFaster);
  assert.ok(isFaster({ ...large, batchSize: oneBox.batchToPay! }, cluster));
  assert.ok(!isFaster({ ...large, batchSize: oneBox.batchToPay! / 2 }, cluster));
  assert.ok(isFaster(large, { ...cluster, linkBitsPerSecond: oneBox.linkToPay! }));
  assert.ok(!isFaster(large, { ...cluster, linkBitsPerSecond: oneBox.linkToPay! / 1.02 }));
});

test('one box has nothing to be compared with', () => {
  assert.equal(advise(job, { ...cluster, boxes: 1 }, rates).oneBox, null);
});

test('where devices compute in no time no link pays', () => {
  const { oneBox } = advise(job, cluster, measuredRates(1e-9));
  assert.equal(oneBox?.linkToPay, null);
});

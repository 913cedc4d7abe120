import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlan } from '../../../deploy/plan/print.ts';
import { makePlan, type PlanFlags } from '../../../deploy/plan/request.ts';

const flags: PlanFlags = {
  preset: 'svhn',
  workers: 4,
  boxes: 1,
  coordinatorApart: false,
  encrypted: false,
  reducers: 1,
  wire: 'float32',
  runtime: 'tensorflow',
};

test('the full model has its parameters, and 6 operations for each weight and 2 for each of the projection', () => {
  const { sizes } = makePlan(flags).job;
  assert.equal(sizes.parameterCount, 48_489_020);
  assert.ok(Math.abs(sizes.flopsPerSample / (6 * 48_489_020 + 2 * 3072 * 500) - 1) < 0.01);
});

test('a batch has the unit that train would give it', () => {
  assert.equal(makePlan({ ...flags, batchSize: 6300 }).job.microBatchSize, 450);
  assert.equal(makePlan({ ...flags, preset: 'digits' }).job.microBatchSize, 100);
});

test('a measured rate is taken as it is, and GFLOPS by the flops of a sample', () => {
  const { sizes } = makePlan(flags).job;
  const one = { ...flags, workers: 1, batchSize: 500, cores: 1 };
  const measured = makePlan({ ...one, samplesPerSecond: 500 }).prediction.phases.compute;
  assert.ok(measured > 1 && measured < 1.05, `${measured} s`); // and a pass over the gradient
  const gflops = sizes.flopsPerSample * 1e-9 * 500;
  assert.ok(makePlan({ ...one, gflops }).prediction.phases.compute > measured);
});

test('the text says what is asked first, and when one box would do', () => {
  const text = formatPlan(makePlan({ ...flags, boxes: 2, linkRate: '1gbit', batchSize: 2000 }));
  for (const pattern of [
    /^preset svhn: 48,489,020 parameters/,
    /4 workers on 2 boxes, .* links of 1\.00 Gb\/s/,
    /samples\/s +\d/,
    /less than a tenth from a batch of [\d,]+ on/,
    /One box alone, 2 workers, .*: it would be faster\. More boxes pay from a batch of [\d,]+/,
  ])
    assert.match(text, pattern);
});

test('encryption costs what the exchange benchmark measured, on what leaves a box, and the text says so', () => {
  const apart = { ...flags, coordinatorApart: true, linkRate: '1000gbit', batchSize: 2000 };
  const [plain, encrypted] = [false, true].map((value) => makePlan({ ...apart, encrypted: value }));
  for (const phase of ['sum', 'parameters'] as const) {
    const ratio = encrypted!.prediction.phases[phase] / plain!.prediction.phases[phase];
    assert.ok(Math.abs(ratio - 2.4) < 0.1, `${phase}: ${ratio}`);
  }
  assert.match(formatPlan(encrypted!), /, encrypted \(2\.4 x the host's time a byte\)/);
  assert.doesNotMatch(formatPlan(plain!), /encrypted/);
  const slow = { ...apart, linkRate: '100mbit' }; // the link is what takes time
  const [before, after] = [false, true].map((value) => makePlan({ ...slow, encrypted: value }));
  assert.deepEqual(after!.prediction, before!.prediction);
});

const wrong: readonly (readonly [string, Partial<PlanFlags>, RegExp])[] = [
  ['boxes without a link', { boxes: 2 }, /--link-rate must be given/],
  ['more boxes than workers', { boxes: 5, linkRate: '1gbit' }, /--boxes got 5, expected at most --workers 4/],
  ['no worker', { workers: 0 }, /--workers got 0, expected a whole number/],
  ['half a reducer', { reducers: 0.5 }, /--reducers got 0.5/],
  [
    'a unit that does not divide',
    { batchSize: 1000, microBatchSize: 300 },
    /--micro-batch-size 300 does not fit/,
  ],
  ['a device that does nothing', { gflops: 0 }, /--gflops got 0, expected a number above 0/],
];
for (const [what, changed, message] of wrong) {
  test(`${what} is refused`, () => assert.throws(() => makePlan({ ...flags, ...changed }), message));
}

/** The endless stream: equal use of rows, no remainder, pure functions of step and micro-batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LockstepError } from '../../shared/errors.ts';
import { createSplit, createStream, pcaRows, type RowStream } from '../../shared/math/stream.ts';

const someRows = (count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => 3 * index + 7);

function batchOf(stream: RowStream, step: number, microBatchSize: number): number[] {
  const out = new Uint32Array(microBatchSize);
  return Array.from({ length: stream.microBatchCount }, (_, microBatch) => {
    stream.rowsOf(step, microBatch, out);
    return [...out];
  }).flat();
}

const shapes = fc.record({
  rowCount: fc.integer({ min: 1, max: 60 }),
  microBatchSize: fc.integer({ min: 1, max: 9 }),
  microBatchCount: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(0xffffffff),
});

test('the steps one after another are the epochs one after another, each row once an epoch', () => {
  fc.assert(
    fc.property(shapes, ({ rowCount, microBatchSize, microBatchCount, seed }) => {
      const rows = someRows(rowCount);
      const batchSize = microBatchSize * microBatchCount;
      const stream = createStream({ rows, seed, batchSize, microBatchSize });
      const steps = stream.stepsOfEpochs(3);
      const seen = Array.from({ length: steps }, (_, step) => batchOf(stream, step, microBatchSize)).flat();
      for (let epoch = 0; epoch < 3; epoch++) {
        const used = Uint32Array.from(seen.slice(epoch * rowCount, (epoch + 1) * rowCount));
        assert.deepEqual(used.sort(), rows);
      }
    }),
    { numRuns: 100 },
  );
});

test('the rows of a micro-batch do not depend on what was asked before', () => {
  fc.assert(
    fc.property(shapes, fc.array(fc.tuple(fc.nat(200), fc.nat(4)), { maxLength: 12 }), (shape, asked) => {
      const { rowCount, microBatchSize, microBatchCount, seed } = shape;
      const settings = {
        rows: someRows(rowCount),
        seed,
        batchSize: microBatchSize * microBatchCount,
        microBatchSize,
      };
      const used = createStream(settings);
      for (const [step, microBatch] of asked) {
        const out = new Uint32Array(microBatchSize);
        const fresh = new Uint32Array(microBatchSize);
        used.rowsOf(step, microBatch % microBatchCount, out);
        createStream(settings).rowsOf(step, microBatch % microBatchCount, fresh);
        assert.deepEqual(out, fresh);
      }
    }),
    { numRuns: 50 },
  );
});

test('the order of rows does not depend on the size of the micro-batch', () => {
  const rows = someRows(101);
  const small = createStream({ rows, seed: 4, batchSize: 24, microBatchSize: 3 });
  const large = createStream({ rows, seed: 4, batchSize: 24, microBatchSize: 12 });
  for (const step of [0, 4, 5, 40]) assert.deepEqual(batchOf(small, step, 3), batchOf(large, step, 12));
});

test('an epoch ends with the first step that reaches its last row, and E epochs with the last of them', () => {
  fc.assert(
    fc.property(shapes, fc.nat(50), ({ rowCount, microBatchSize, microBatchCount, seed }, epoch) => {
      const batchSize = microBatchSize * microBatchCount;
      const stream = createStream({ rows: someRows(rowCount), seed, batchSize, microBatchSize });
      const last = stream.lastStepOfEpoch(epoch);
      assert.ok((last + 1) * batchSize >= (epoch + 1) * rowCount);
      assert.ok(last * batchSize < (epoch + 1) * rowCount);
      assert.equal(stream.stepsOfEpochs(epoch + 1), last + 1);
      assert.ok(stream.epochOf(last) <= epoch);
      assert.ok(stream.epochOf(last + 1) >= epoch + 1);
    }),
  );
});

test('rows for statistics are the same at every step, distinct within one pass, and fill whole micro-batches', () => {
  const stream = createStream({ rows: someRows(100), seed: 9, batchSize: 30, microBatchSize: 15 });
  assert.equal(stream.statisticsCount(10_000), 6);
  assert.equal(stream.statisticsCount(44), 2);
  assert.equal(stream.statisticsCount(1), 1);
  const read = (): number[][] =>
    Array.from({ length: 6 }, (_, microBatch) => {
      const out = new Uint32Array(15);
      stream.statisticsRows(microBatch, out);
      return [...out];
    });
  const first = read();
  stream.rowsOf(77, 1, new Uint32Array(15));
  assert.deepEqual(read(), first);
  assert.equal(new Set(first.flat()).size, 90);
});

test('training and held-out rows are disjoint, and depend on the number of rows and the split seed alone', () => {
  const settings = { rowCount: 1000, heldOutFraction: 0.1, trainFraction: 1, splitSeed: 3 };
  const { training, heldOut } = createSplit(settings);
  assert.equal(heldOut.length, 100);
  assert.deepEqual(
    Uint32Array.from([...training, ...heldOut]).sort(),
    Uint32Array.from({ length: 1000 }, (_, row) => row),
  );
  assert.deepEqual(createSplit(settings), { training, heldOut });
  assert.notDeepEqual(createSplit({ ...settings, splitSeed: 4 }).heldOut, heldOut);
});

test('a part of the training rows is a subset of a greater part, with the same rows held out', () => {
  const settings = { rowCount: 500, heldOutFraction: 0.2, splitSeed: 0 };
  const whole = createSplit({ ...settings, trainFraction: 1 });
  const half = createSplit({ ...settings, trainFraction: 0.5 });
  const fifth = createSplit({ ...settings, trainFraction: 0.2 });
  assert.deepEqual([half.training.length, fifth.training.length], [200, 80]);
  assert.deepEqual(half.heldOut, whole.heldOut);
  assert.ok(fifth.training.every((row) => half.training.includes(row)));
  assert.ok(half.training.every((row) => whole.training.includes(row)));
});

test('a split that leaves nothing to train on is refused, naming both flags', () => {
  assert.throws(
    () => createSplit({ rowCount: 3, heldOutFraction: 0.9, trainFraction: 1, splitSeed: 0 }),
    (error) =>
      error instanceof LockstepError &&
      error.exitCode === 64 &&
      /--held-out-fraction \(0\.9\)/.test(error.message),
  );
});

test('principal components see a seeded choice of at most the limit', () => {
  const training = someRows(200);
  const chosen = pcaRows(training, 50, 1);
  assert.equal(new Set(chosen).size, 50);
  assert.ok(chosen.every((row) => training.includes(row)));
  assert.deepEqual(pcaRows(training, 50, 1), chosen);
  assert.notDeepEqual(pcaRows(training, 50, 2), chosen);
  assert.deepEqual(pcaRows(training, 200, 1), training);
});

/** Sums for principal components: integers, the same bits on every runtime and however rows are dealt out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../../shared/data/dataset.ts';
import { philox4x32 } from '../../shared/math/philox.ts';
import { addCovariance, exactBlockRows } from '../../shared/model/covariance.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { exactSums } from '../support/exact-sums.ts';
import { requiresFile } from '../support/requires.ts';
import { requiresSwiftshader, swiftshader } from '../support/swiftshader.ts';

const root = new URL('../../', import.meta.url).pathname;
const addon = `${root}node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node`;

function randomRows(rowCount: number, size: number): Uint8Array {
  const rows = new Uint8Array(rowCount * size);
  for (let at = 0; at < rows.length; at++) rows[at] = philox4x32([at, 0, 0, 0], [1, 0])[0];
  return rows;
}

async function sumsOf(rows: Uint8Array, size: number, before?: Float64Array): Promise<Float64Array> {
  const sums = before ?? new Float64Array(size * size + size);
  const batch: Batch = { rows, labels: null, rowCount: rows.length / size };
  await addCovariance(batch, sums);
  return sums;
}

Object.assign(process.env, swiftshader);
for (const name of ['cpu', 'wasm', 'tensorflow', 'webgpu'] as const) {
  test(`${name} sums exactly`, async (context) => {
    if (name === 'tensorflow' && !requiresFile(addon, 'node deploy/setup.mjs', context)) return;
    if (name === 'webgpu' && !requiresSwiftshader(context)) return;
    await openRuntime(name satisfies RuntimeName, { threads: 1, precision: 'float32', allowCpu: true });
    await context.test('black and white, whose sums are the largest', isExactAtTheLimit);
    if (name === 'webgpu') return; // slow here, and the rest is the same code
    await context.test('random rows, of a few sizes, in whole and in broken blocks', isExact);
    await context.test('in parts, added up in any order', isIndependentOfParts);
  });
}

async function isExact(): Promise<void> {
  for (const [rowCount, size] of [
    [1, 1],
    [2, 2],
    [7, 3],
    [exactBlockRows, 5],
    [exactBlockRows + 1, 17],
    [2 * exactBlockRows + 477, 48],
  ] as const) {
    const rows = randomRows(rowCount, size);
    assert.deepEqual(await sumsOf(rows, size), exactSums(rows, size), `${rowCount} rows of ${size}`);
  }
}

/** A block of black rows sums to 2^24 everywhere, the largest integer up to which float32 has them all. */
async function isExactAtTheLimit(): Promise<void> {
  const size = 12;
  const black = new Uint8Array(exactBlockRows * size);
  assert.equal((await sumsOf(black, size))[0], 2 ** 24);
  const mixed = black.map((_, at) => (philox4x32([at, 0, 0, 0], [2, 0])[0] % 2 ? 255 : 0));
  const oneOff = black.slice(); // the first sum becomes 2^24 - 255, odd: it needs all 24 bits
  oneOff[0] = 1;
  for (const rows of [black, black.map(() => 255), mixed, oneOff]) {
    assert.deepEqual(await sumsOf(rows, size), exactSums(rows, size));
  }
}

async function isIndependentOfParts(): Promise<void> {
  const size = 20;
  const rows = randomRows(3_000, size);
  const expected = exactSums(rows, size);
  const tensors = tf.memory().numTensors;
  for (const cuts of [
    [0, 3_000],
    [0, 1, 1_025, 3_000],
    [0, 1_500, 3_000],
  ]) {
    const parts = cuts.slice(1).map((end, index) => rows.subarray(cuts[index]! * size, end * size));
    let sums = new Float64Array(size * size + size);
    for (const part of parts.reverse()) sums = (await sumsOf(part, size, sums)) as Float64Array<ArrayBuffer>;
    assert.deepEqual(sums, expected);
  }
  assert.equal(tf.memory().numTensors, tensors);
}

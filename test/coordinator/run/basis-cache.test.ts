import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  basisPath,
  readCachedBasis,
  writeCachedBasis,
  type BasisKey,
} from '../../../coordinator/run/basis-cache.ts';
import type { Basis } from '../../../shared/math/pca.ts';
import { assertSameBits } from '../../support/snapshots.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const key: BasisKey = {
  dataHash: 'data',
  pcaRows: 100,
  splitSeed: 0,
  heldOutFraction: 0.1,
  trainFraction: 1,
  componentCount: 2,
  whiten: false,
  solver: '1',
};
const basis: Basis = {
  featureCount: 3,
  componentCount: 2,
  mean: Float32Array.of(0.1, 0.2, 0.3),
  vectors: Float32Array.of(1, 0, 0, 0, 1, 0),
  eigenvalues: Float32Array.of(2, 1),
  totalVariance: 3.1,
  whiten: false,
};
const unexpected = (message: string): never => assert.fail(message);

test('a basis comes back bit for bit, for equal data and settings alone', async () => {
  const folder = join(temporaryFolder(), 'made/on/demand');
  await writeCachedBasis(folder, key, basis);
  assertSameBits(readCachedBasis(folder, { ...key }, 3, unexpected), basis);
  const others: Partial<BasisKey>[] = [
    { dataHash: 'other' },
    { pcaRows: 99 },
    { splitSeed: 1 },
    { heldOutFraction: 0.2 },
    { trainFraction: 0.2 },
    { componentCount: 1 },
    { whiten: true },
    { solver: '2' },
  ];
  for (const other of others)
    assert.equal(readCachedBasis(folder, { ...key, ...other }, 3, unexpected), null);
});

test('a damaged file, and one that is not what its name says, are ignored aloud', async () => {
  const folder = temporaryFolder();
  await writeCachedBasis(folder, key, basis);
  const path = basisPath(folder, key);
  const bytes = readFileSync(path);
  const problems: string[] = [];
  const read = (of = key): Basis | null =>
    readCachedBasis(folder, of, 3, (message) => problems.push(message));

  const other = { ...key, splitSeed: 9 };
  writeFileSync(basisPath(folder, other), bytes);
  assert.equal(read(other), null);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  assert.equal(read(), null);
  writeFileSync(path, bytes.subarray(0, 50));
  assert.equal(read(), null);
  assert.equal(problems.length, 3);
  assert.match(problems[0]!, /ignored and made anew: .* is of other data or settings/);
  await writeCachedBasis(folder, key, basis);
  assertSameBits(read(), basis);
});

/**
 * The basis of all D components of a run's training rows: what bits per dimension say of those that the model
 * does not see. Solved in float64, a minute for images of 32 x 32 in colour, and kept in the cache.
 */
import { readCachedBasis, writeCachedBasis, type BasisKey } from '../../coordinator/run/basis-cache.ts';
import type { RunData } from '../../coordinator/run-data.ts';
import { readBatch, rowLength } from '../../shared/data/dataset.ts';
import { dataError } from '../../shared/errors.ts';
import { eigenSymmetric } from '../../shared/math/eigen.ts';
import { covarianceOf, createBasis, type Basis } from '../../shared/math/pca.ts';
import { formatCount } from '../../shared/text.ts';
import type { Trained } from './open.ts';

/** @throws LockstepError (65) where the checkpoint's basis is not of these rows */
export async function allComponents(
  trained: Trained,
  data: RunData,
  cacheDir: string,
  say: (line: string) => void,
): Promise<Basis> {
  const { config, image, compute, file } = trained;
  const size = rowLength(image);
  const { pcaRows, splitSeed, heldOutFraction, trainFraction } = config;
  const settings = { pcaRows, splitSeed, heldOutFraction, trainFraction, whiten: false };
  const key: BasisKey = {
    ...settings,
    dataHash: data.training.hash,
    componentCount: size,
    solver: 'all float64-1',
  };
  const cached = readCachedBasis(cacheDir, key, size, say);
  const all = cached ?? (await solve(trained, data, size, say));
  if (cached === null)
    await writeCachedBasis(cacheDir, key, all).catch((error: Error) => say(`not cached: ${error.message}`));
  requireSameStart(file, compute.loaded.basis(), all);
  return all;
}

async function solve(
  { compute }: Trained,
  { workload, training }: RunData,
  size: number,
  say: (line: string) => void,
) {
  const spec = { kind: 'covariance' } as const;
  const sums = new Float64Array(size * size + size);
  let rowCount = 0;
  for (let leaf = 0; leaf < workload.leafCount(spec); leaf++) {
    const rows = workload.rowsOf(spec, leaf);
    await compute.covariance(readBatch(training, rows), sums);
    rowCount += rows.length;
  }
  say(`solving for all ${formatCount(size)} components, once for these data`);
  const pairs = eigenSymmetric(covarianceOf(sums, size, rowCount), size, size);
  return createBasis(sums, size, rowCount, pairs, false);
}

const tolerance = 1e-3; // of the largest eigenvalue

/** The discarded components are only those beyond the model's if these agree. */
function requireSameStart(file: string, basis: Basis | null, all: Basis): void {
  const largest = all.eigenvalues[0] ?? 0;
  const differs = basis?.eigenvalues.some(
    (value, k) => Math.abs(value - all.eigenvalues[k]!) > tolerance * largest,
  );
  if (!differs) return;
  throw dataError(
    `${file} has other principal components than its training rows: leave out --bits-per-dimension`,
  );
}

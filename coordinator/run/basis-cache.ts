/**
 * Principal components of earlier runs, on disk: the same data, settings and solver give the same basis, so it
 * is made once.
 *
 * The file's name is the hash of all that the basis is a function of, and its metadata say it in full, so that
 * not even a collision hands out a wrong basis. A damaged file is as good as none, and is said to be damaged.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openSafetensors } from '../../shared/data/safetensors-reader.ts';
import { writeSafetensors } from '../../shared/data/safetensors.ts';
import { dataError, LockstepError } from '../../shared/errors.ts';
import { decodeBasis, encodeBasis, type Basis } from '../../shared/math/pca.ts';

/** All that a basis is a function of. */
export interface BasisKey {
  readonly dataHash: string;
  readonly pcaRows: number;
  readonly splitSeed: number;
  readonly heldOutFraction: number;
  readonly trainFraction: number;
  readonly componentCount: number;
  readonly whiten: boolean;
  readonly solver: string; // version of what solves for the eigenvectors: the same bits on every runtime
}

const keyText = (key: BasisKey): string => JSON.stringify(key, Object.keys(key).sort());

export function basisPath(cacheFolder: string, key: BasisKey): string {
  const hash = createHash('sha256').update(keyText(key)).digest('hex');
  return join(cacheFolder, `basis-${hash.slice(0, 32)}.safetensors`);
}

/**
 * @param onProblem told of a file that is there and cannot be used
 * @returns null where there is none that is whole
 */
export function readCachedBasis(
  cacheFolder: string,
  key: BasisKey,
  featureCount: number,
  onProblem: (message: string) => void,
): Basis | null {
  const path = basisPath(cacheFolder, key);
  if (!existsSync(path)) return null;
  try {
    const file = openSafetensors(path);
    try {
      file.verify();
      if (file.metadata['key'] !== keyText(key)) throw dataError(`${path} is of other data or settings`);
      return decodeBasis(file.read('basis') as Float32Array, featureCount);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    onProblem(`cached principal components are ignored and made anew: ${error.message}`);
    return null;
  }
}

/** @throws the file system's error: a cache that cannot be written is no reason to stop */
export async function writeCachedBasis(cacheFolder: string, key: BasisKey, basis: Basis): Promise<void> {
  const path = basisPath(cacheFolder, key);
  mkdirSync(dirname(path), { recursive: true });
  const values = encodeBasis(basis);
  await writeSafetensors(path, [{ name: 'basis', shape: [values.length], values }], { key: keyText(key) });
}

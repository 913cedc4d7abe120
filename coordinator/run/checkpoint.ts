/**
 * A checkpoint: everything that a step is a function of, in one safetensors file.
 *
 * Parameters stand in it by name, each with its shape, Adam's moments as `adam.m/NAME` and `adam.v/NAME`, frozen
 * parameters beside the trained ones, precise batch-norm statistics as `statistics`, the PCA basis as
 * `basis/...`, and the rest (step, configuration, early stopping) as strings in the metadata. It can be used
 * from Python without this program, and every byte of it is covered by a digest.
 */
import { dataError } from '../../shared/errors.ts';
import { sha256OfValues, writeSafetensors, type NamedTensor } from '../../shared/data/safetensors.ts';
import { openSafetensors, type SafetensorsFile } from '../../shared/data/safetensors-reader.ts';
import type { Layout, LayoutEntry } from '../../shared/math/layout.ts';
import type { Basis } from '../../shared/model/compute.ts';
import { decodeInfo, encodeInfo, type CheckpointInfo } from './checkpoint-info.ts';

/** The arrays of a checkpoint. P trained parameters, F frozen ones, S statistics, K components, D features. */
export interface CheckpointArrays {
  readonly parameters: Float32Array; // [P]
  readonly firstMoments: Float32Array; // [P]
  readonly secondMoments: Float32Array; // [P]
  readonly frozen: Float32Array; // [F]
  readonly statistics: Float32Array | null; // [S], null before they were first estimated
  readonly basis: Basis | null; // null without principal components
}

export interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly arrays: CheckpointArrays;
}

/**
 * Writes a checkpoint, whole or not at all. The arrays must not change until the promise is kept.
 * @param info `parametersSha256` is computed here
 * @param beforeRename the last moment to refuse, by throwing: the fence of the run folder
 * @returns the digest of the parameters
 */
export async function writeCheckpoint(
  path: string,
  layout: Layout,
  arrays: CheckpointArrays,
  info: Omit<CheckpointInfo, 'parametersSha256'>,
  beforeRename?: () => void,
): Promise<string> {
  const parametersSha256 = sha256OfValues(arrays.parameters);
  const metadata = encodeInfo({ ...info, parametersSha256 }, arrays.basis);
  await writeSafetensors(path, tensorsOf(layout, arrays), metadata, beforeRename);
  return parametersSha256;
}

function tensorsOf(layout: Layout, arrays: CheckpointArrays): NamedTensor[] {
  const slices = (prefix: string, entries: readonly LayoutEntry[], values: Float32Array): NamedTensor[] =>
    entries.map(({ name, shape, offset, length }) => {
      return { name: prefix + name, shape, values: values.subarray(offset, offset + length) };
    });
  const tensors = [
    ...slices('', layout.trained, arrays.parameters),
    ...slices('', layout.frozen, arrays.frozen),
    ...slices('adam.m/', layout.trained, arrays.firstMoments),
    ...slices('adam.v/', layout.trained, arrays.secondMoments),
  ];
  const { statistics, basis } = arrays;
  if (statistics !== null)
    tensors.push({ name: 'statistics', shape: [statistics.length], values: statistics });
  if (basis !== null) {
    const { featureCount, componentCount } = basis;
    tensors.push(
      { name: 'basis/mean', shape: [featureCount], values: basis.mean },
      { name: 'basis/eigenvalues', shape: [componentCount], values: basis.eigenvalues },
      { name: 'basis/vectors', shape: [componentCount, featureCount], values: basis.vectors },
    );
  }
  return tensors;
}

/**
 * Reads what a checkpoint says about itself, without its arrays and without checking their digest.
 * @throws dataError where it is no checkpoint, is cut short, or is of another format version
 */
export function readCheckpointInfo(path: string): CheckpointInfo {
  const file = openSafetensors(path);
  try {
    return decodeInfo(path, file.metadata).info;
  } finally {
    file.close();
  }
}

/** @throws dataError if one bit of the file is not as it was written */
export function verifyCheckpoint(path: string): CheckpointInfo {
  const file = openSafetensors(path);
  try {
    const { info } = decodeInfo(path, file.metadata);
    file.verify();
    return info;
  } finally {
    file.close();
  }
}

/**
 * Reads a whole checkpoint and checks its digest.
 * @param layout of the model that its configuration describes (`readCheckpointInfo`)
 * @throws dataError where it is damaged or belongs to a model of another layout
 */
export function loadCheckpoint(path: string, layout: Layout): Checkpoint {
  const file = openSafetensors(path);
  try {
    const { info, basis } = decodeInfo(path, file.metadata);
    file.verify();
    return {
      info,
      arrays: {
        parameters: readEntries(file, '', layout.trained, layout.parameterCount),
        firstMoments: readEntries(file, 'adam.m/', layout.trained, layout.parameterCount),
        secondMoments: readEntries(file, 'adam.v/', layout.trained, layout.parameterCount),
        frozen: readEntries(file, '', layout.frozen, layout.frozenCount),
        statistics: file.tensors.has('statistics') ? readFloats(file, 'statistics', 1).values : null,
        basis: basis === null ? null : readBasis(file, basis),
      },
    };
  } finally {
    file.close();
  }
}

function readEntries(file: SafetensorsFile, prefix: string, entries: readonly LayoutEntry[], length: number) {
  const values = new Float32Array(length);
  for (const entry of entries) {
    const name = prefix + entry.name;
    const shape = file.tensors.get(name)?.shape;
    if (shape === undefined || shape.join() !== entry.shape.join()) {
      const found = shape === undefined ? 'missing' : `[${shape.join(', ')}]`;
      throw dataError(
        `${file.path} belongs to another model: ${name} is ${found}, expected [${entry.shape.join(', ')}]; ` +
          'use the configuration that it was trained with',
      );
    }
    file.readInto(name, values.subarray(entry.offset, entry.offset + entry.length));
  }
  return values;
}

function readBasis(
  file: SafetensorsFile,
  { whiten, totalVariance }: Pick<Basis, 'whiten' | 'totalVariance'>,
): Basis {
  const mean = readFloats(file, 'basis/mean', 1).values;
  const eigenvalues = readFloats(file, 'basis/eigenvalues', 1).values;
  const vectors = readFloats(file, 'basis/vectors', 2);
  const [componentCount, featureCount] = [eigenvalues.length, mean.length];
  if (vectors.shape.join() !== `${componentCount},${featureCount}`) {
    throw dataError(
      `${file.path}: basis/vectors is [${vectors.shape.join(', ')}], expected [${componentCount}, ${featureCount}]`,
    );
  }
  return { featureCount, componentCount, mean, vectors: vectors.values, eigenvalues, totalVariance, whiten };
}

function readFloats(file: SafetensorsFile, name: string, rank: number) {
  const shape = file.tensors.get(name)?.shape ?? [];
  const values = file.read(name);
  if (!(values instanceof Float32Array) || shape.length !== rank) {
    throw dataError(`${file.path}: ${name} is [${shape.join(', ')}], expected float32 of rank ${rank}`);
  }
  return { shape, values };
}

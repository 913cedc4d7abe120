/**
 * A checkpoint: everything that a step is a function of, in one safetensors file.
 *
 * Parameters stand in it by name, each with its shape, Adam's moments as `adam.m/NAME` and `adam.v/NAME`, frozen
 * parameters beside the trained ones, precise batch-norm statistics as `statistics/LAYER/mean` and `/variance`,
 * the PCA basis as `basis/...`, and the rest (progress, configuration, model) as strings in the metadata. It can
 * be used from Python without this program, and every byte of it is covered by a digest.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { dataError } from '../../shared/errors.ts';
import {
  blockBytes,
  elementCount,
  writeSafetensors,
  type NamedTensor,
} from '../../shared/data/safetensors.ts';
import { openSafetensors, type SafetensorsFile } from '../../shared/data/safetensors-reader.ts';
import { initialiseFrozen } from '../../shared/math/initialise.ts';
import type { Kernels } from '../../shared/math/kernels.ts';
import { createLayout, type LayoutEntry } from '../../shared/math/layout.ts';
import type { Basis } from '../../shared/model/compute.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';
import type { Snapshot } from '../journal.ts';
import { decodeInfo, encodeInfo, type CheckpointFacts, type CheckpointInfo } from './checkpoint-info.ts';

export interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly snapshot: Snapshot;
  readonly frozen: Float32Array; // [F]: the model's frozen parameters
}

/** The frozen parameters of a model: a function of the seed. @returns [F] */
export function frozenParameters(
  model: ModelDescription,
  seed: number,
  createKernels: (bytes: number) => Kernels,
): Float32Array {
  const layout = createLayout(model.parameters);
  if (layout.frozenCount === 0) return new Float32Array(0);
  const bytes = layout.frozenCount * Float32Array.BYTES_PER_ELEMENT;
  const kernels = createKernels(bytes + 64);
  const offset = kernels.allocate(bytes);
  initialiseFrozen(layout, seed, kernels, offset);
  return kernels.float32(offset, layout.frozenCount).slice();
}

/**
 * Writes a checkpoint, whole or not at all. The snapshot must not change until the promise is kept.
 * @param frozen [F], of the snapshot's model
 * @param beforeRename the last moment to refuse, by throwing: the fence of the run folder
 * @returns the SHA-256 of the parameters
 * @throws the file system's error, such as ENOSPC; then no trace is left
 */
export async function writeSnapshot(
  path: string,
  snapshot: Snapshot,
  facts: CheckpointFacts,
  frozen: Float32Array,
  beforeRename?: () => void,
): Promise<string> {
  const { progress, model, basis } = snapshot;
  const parametersSha256 = await digestOf(snapshot.parameters);
  const metadata = encodeInfo({ ...facts, progress, model, basis, parametersSha256 });
  await writeSafetensors(path, tensorsOf(snapshot, frozen), metadata, beforeRename);
  return parametersSha256;
}

/** In pieces, so that a large model's digest does not hold up the exchange. */
async function digestOf(values: Float32Array): Promise<string> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.length; start += blockBytes) {
    hash.update(bytes.subarray(start, start + blockBytes));
    await setImmediate();
  }
  return hash.digest('hex');
}

function tensorsOf(snapshot: Snapshot, frozen: Float32Array): NamedTensor[] {
  const layout = createLayout(snapshot.model.parameters);
  const slices = (prefix: string, entries: readonly LayoutEntry[], values: Float32Array): NamedTensor[] =>
    entries.map(({ name, shape, offset, length }) => {
      return { name: prefix + name, shape, values: values.subarray(offset, offset + length) };
    });
  const tensors = [
    ...slices('', layout.trained, snapshot.parameters),
    ...slices('', layout.frozen, frozen),
    ...slices('adam.m/', layout.trained, snapshot.firstMoment),
    ...slices('adam.v/', layout.trained, snapshot.secondMoment),
  ];
  const { statistics, basis, model } = snapshot;
  if (statistics !== null) tensors.push(...slices('', statisticsEntries(model), statistics));
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

/** Statistics [S] are the means of all layers, then their variances: laid out like parameters of those names. */
function statisticsEntries(model: ModelDescription): readonly LayoutEntry[] {
  const named = (what: string) =>
    model.statistics.map(({ name, size }) => {
      return { name: `statistics/${name}/${what}`, shape: [size], initialiser: { kind: 'zeros' } as const };
    });
  return createLayout([...named('mean'), ...named('variance')]).trained;
}

/**
 * Reads what a checkpoint says about itself, without its arrays and without checking their digest.
 * @throws LockstepError (65) where it is no checkpoint, is cut short, or is of another format version
 */
export function readCheckpointInfo(path: string): CheckpointInfo {
  const file = openSafetensors(path);
  try {
    return decodeInfo(path, file.metadata);
  } finally {
    file.close();
  }
}

/**
 * Reads a whole checkpoint and checks its digest.
 * @throws LockstepError (65) where one bit of the file is not as it was written
 */
export function readSnapshot(path: string): Checkpoint {
  const file = openSafetensors(path);
  try {
    const info = decodeInfo(path, file.metadata);
    file.verify();
    const { model, progress } = info;
    const layout = createLayout(model.parameters);
    const layers = statisticsEntries(model);
    const hasStatistics = layers.length > 0 && file.tensors.has(layers[0]!.name);
    return {
      info,
      frozen: readEntries(file, '', layout.frozen),
      snapshot: {
        progress,
        model,
        parameters: readEntries(file, '', layout.trained),
        firstMoment: readEntries(file, 'adam.m/', layout.trained),
        secondMoment: readEntries(file, 'adam.v/', layout.trained),
        statistics: hasStatistics ? readEntries(file, '', layers) : null,
        basis: info.basis === null ? null : readBasis(file, info.basis),
      },
    };
  } finally {
    file.close();
  }
}

/** Reads tensors that lie one after another in one array; allocates it when all of them are there. */
function readEntries(file: SafetensorsFile, prefix: string, entries: readonly LayoutEntry[]): Float32Array {
  for (const { name, shape } of entries) {
    const found = file.tensors.get(prefix + name);
    if (found?.dtype === 'F32' && found.shape.join() === shape.join()) continue;
    const got = found === undefined ? 'missing' : `${found.dtype} [${found.shape.join(', ')}]`;
    throw dataError(`${file.path}: ${prefix}${name} is ${got}, expected F32 [${shape.join(', ')}]`);
  }
  const values = new Float32Array(entries.reduce((sum, { length }) => sum + length, 0));
  for (const { name, offset, length } of entries) {
    file.readInto(prefix + name, values.subarray(offset, offset + length));
  }
  return values;
}

function readBasis(file: SafetensorsFile, facts: Pick<Basis, 'whiten' | 'totalVariance'>): Basis {
  const [componentCount = 0, featureCount = 0] = file.tensors.get('basis/vectors')?.shape ?? [];
  const read = (name: string, shape: readonly number[]): Float32Array => {
    const length = elementCount(shape);
    return readEntries(file, '', [
      { name, shape, offset: 0, length, index: 0, initialiser: { kind: 'zeros' } },
    ]);
  };
  return {
    ...facts,
    featureCount,
    componentCount,
    mean: read('basis/mean', [featureCount]),
    eigenvalues: read('basis/eigenvalues', [componentCount]),
    vectors: read('basis/vectors', [componentCount, featureCount]),
  };
}

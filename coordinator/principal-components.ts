/**
 * The principal components: exact sums over the training rows, then one eigen-decomposition on one worker.
 */
import { rowLength, type ImageShape } from '../shared/data/dataset.ts';
import type { Basis } from '../shared/model/compute.ts';
import { basisLength, decodeBasis, encodeBasis } from '../shared/math/pca.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import { ask, type Program } from './requests.ts';

export interface ComponentSettings {
  readonly image: ImageShape;
  readonly componentCount: number; // K
  readonly whiten: boolean;
  readonly pcaRows: number;
}

export function* findBasis(workload: Workload, settings: ComponentSettings): Program<Basis> {
  const { componentCount, whiten } = settings;
  const featureCount = rowLength(settings.image);
  const rowCount = Math.min(settings.pcaRows, workload.split.training.length);
  const covariance = { kind: 'covariance' } as const;
  const sums = yield* ask(
    {
      kind: 'sum',
      spec: covariance,
      leafCount: workload.leafCount(covariance),
      resultLength: featureCount * featureCount + featureCount,
      dtype: 'float64',
    },
    'sum',
  );
  yield* ask({ kind: 'publish', array: 'covariance', values: sums.result.values }, 'done');
  const solved = yield* ask(
    {
      kind: 'sum',
      spec: { kind: 'basis', rowCount, componentCount, whiten },
      leafCount: 1,
      resultLength: basisLength(featureCount, componentCount),
      dtype: 'float32',
    },
    'sum',
  );
  yield* ask({ kind: 'publish', array: 'covariance', values: new Float64Array(1) }, 'done'); // lets go of it
  return decodeBasis(solved.result.values as Float32Array, featureCount);
}

/** Sends the basis to whoever needs it. */
export function* publishBasis(basis: Basis): Program<void> {
  yield* ask({ kind: 'publish', array: 'basis', values: encodeBasis(basis) }, 'done');
}

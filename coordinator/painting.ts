/**
 * The pictures of a run: asked of a worker as tasks, so that the coordinator never touches a tensor.
 *
 * Originals, reconstructions beside them, samples of the prior, an interpolation, analogies (one image of each
 * class, its row filled with draws from its posterior), and round trips through the principal components.
 */
import { rowLength, type ImageShape } from '../shared/data/dataset.ts';
import type { Basis, DrawKey } from '../shared/model/compute.ts';
import { deviationOf } from '../shared/math/pca.ts';
import type { ModelDescription, Split } from '../shared/protocol/messages.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import type { Journal, PictureRequest } from './journal.ts';
import { ask, type Program, type Request } from './requests.ts';

export interface PaintingOptions {
  readonly config: Config;
  readonly workload: Workload;
  readonly image: ImageShape;
  readonly labels: Uint8Array | null; // [N], of all rows
  readonly journal: Journal;
  readonly model: ModelDescription;
  readonly basis: Basis | null;
}

type SumSpec = Extract<Request, { kind: 'sum' }>['spec'];

interface Sketch {
  readonly name: string;
  readonly request: PictureRequest;
  readonly rows: readonly number[];
  readonly count: number; // images
  readonly columns: number;
}

const side = 10; // of the grids
const consideredRows = 1000; // of which pictures are made
const varianceRows = 500;

/** @param step steps made */
export function* paint(options: PaintingOptions, step: number): Program<void> {
  if (!options.model.generative) return;
  if (options.basis !== null) yield* measureVariance(options, options.basis, step);
  const { split, rows: available } = heldOutRows(options.workload);
  const features = rowLength(options.image);
  for (const sketch of sketches(options, available)) {
    const { name, request, rows, count, columns } = sketch;
    const spec: SumSpec = { kind: 'render', request, split, rows: [...rows] };
    const resultLength = count * features;
    const answer = yield* ask({ kind: 'sum', spec, leafCount: 1, resultLength, dtype: 'float32' }, 'sum');
    const pixels = answer.result.values as Float32Array;
    options.journal.picture({ name, kind: request.what, step, split, rows, columns, pixels });
  }
}

/** What the model takes for the variance of each component, to stand beside its eigenvalue. */
function* measureVariance(options: PaintingOptions, basis: Basis, step: number): Program<void> {
  const { split, rows } = heldOutRows(options.workload);
  const draw: DrawKey = { seed: options.config.seed, purpose: 'pictures', step: 0, microBatch: 0 };
  const spec: SumSpec = {
    kind: 'render',
    request: { what: 'variance', draw },
    split,
    rows: rows.slice(0, varianceRows),
  };
  const resultLength = basis.componentCount;
  const answer = yield* ask({ kind: 'sum', spec, leafCount: 1, resultLength, dtype: 'float32' }, 'sum');
  const learned = (answer.result.values as Float32Array).map((variance, component) => {
    return basis.whiten ? variance * deviationOf(basis.eigenvalues[component]!) ** 2 : variance;
  });
  options.journal.componentVariance({ step, eigenvalues: basis.eigenvalues, learned });
}

/** The rows that pictures are of: held out, or of the training rows where none are. */
function heldOutRows({ split }: Workload): { readonly split: Split; readonly rows: number[] } {
  const isHeldOut = split.heldOut.length > 0;
  const rows = isHeldOut ? split.heldOut : split.training;
  return { split: isHeldOut ? 'heldOut' : 'training', rows: [...rows.subarray(0, consideredRows)] };
}

function sketches(options: PaintingOptions, available: readonly number[]): Sketch[] {
  const { config, basis, labels } = options;
  const draw: DrawKey = { seed: config.seed, purpose: 'pictures', step: 0, microBatch: 0 };
  const shown = available.slice(0, side * side);
  const some = available.slice(0, 2 * side);
  const classes = onePerClass(available, labels) ?? available.slice(0, side);
  const list: Sketch[] = [
    {
      name: 'samples',
      request: { what: 'samples', count: side * side, draw },
      rows: [],
      count: side * side,
      columns: side,
    },
    {
      name: 'reconstructions',
      request: { what: 'reconstructions', draw },
      rows: shown,
      count: shown.length,
      columns: side,
    },
    {
      name: 'interpolation',
      request: { what: 'interpolation', steps: side, draw },
      rows: some,
      count: Math.floor(some.length / 2) * side,
      columns: side,
    },
  ];
  for (const output of ['mean', 'draw'] as const) {
    const request = { what: 'posterior', draws: side, output, draw } as const;
    list.push({
      name: `analogies-${output}`,
      request,
      rows: classes,
      count: classes.length * side,
      columns: side,
    });
  }
  for (const components of basis === null ? [] : roundTrips(basis.componentCount)) {
    for (const clip of [true, false]) {
      const request = { what: 'roundTrip', components, clip } as const;
      const name = `pca-${components}${clip ? '' : '-unclipped'}`;
      list.push({ name, request, rows: shown, count: shown.length, columns: side });
    }
  }
  return list;
}

/** Components of the round trips: all that there are, and the fewer ones that the post compares. */
const roundTrips = (componentCount: number): number[] => [
  ...[500, 600].filter((count) => count < componentCount),
  componentCount,
];

/** The first row of each class, in the order of classes; null without labels. */
function onePerClass(rows: readonly number[], labels: Uint8Array | null): number[] | null {
  if (labels === null) return null;
  const first = new Map<number, number>();
  for (const row of rows) {
    const label = labels[row]!;
    if (!first.has(label)) first.set(label, row);
  }
  return [...first].sort(([a], [b]) => a - b).map(([, row]) => row);
}

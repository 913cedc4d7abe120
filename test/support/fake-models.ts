/**
 * Two models in plain arithmetic, for everything above the device: a least-squares fit of pixels with noise
 * and "batch norm" statistics, and a softmax classifier of labels. No tensor, every draw from Philox.
 */
import type { Batch, Dataset, ImageShape } from '../../shared/data/dataset.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import { createLayout, type ParameterSpec } from '../../shared/math/layout.ts';
import { philox4x32 } from '../../shared/math/philox.ts';
import type { Basis } from '../../shared/math/pca.ts';
import type { Compute, DrawKey, Terms } from '../../shared/model/compute.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';

export interface FakeModel {
  readonly description: ModelDescription;
  create(image: ImageShape): Compute;
}

type LeafLoss = (
  w: Float32Array, // [P]
  batch: Batch,
  x: (row: number, feature: number) => number,
  noise: (index: number) => number,
  gradient: Float32Array | null, // [P], added to
) => number; // summed over samples

const purposes = ['training', 'statistics', 'evaluation', 'pictures'] as const;

/** Uniform in [-0.5, 0.5), from counters. */
function noiseOf(draw: DrawKey): (index: number) => number {
  return (index) => {
    const counter = [index, draw.microBatch, draw.step, purposes.indexOf(draw.purpose)] as const;
    return philox4x32([...counter], [draw.seed, 0])[0]! / 2 ** 32 - 0.5;
  };
}

function createFake(description: ModelDescription, image: ImageShape, loss: LeafLoss): Compute {
  const layout = createLayout(description.parameters);
  const features = rowLength(image);
  let w = new Float32Array(layout.parameterCount);
  let scale = 1 / 255;
  const x =
    (batch: Batch) =>
    (row: number, feature: number): number =>
      batch.rows[row * features + feature]! * scale;
  return {
    fingerprint: { backend: 'fake', version: '1', device: 'arithmetic', threads: 1, precision: 'float32' },
    image,
    layout,
    termNames: description.termNames,
    statisticsLength: 2,
    setParameters: async (values) => void (w = values.slice()),
    holdsParameters: async (values) => values.every((value, index) => Object.is(value, w[index])),
    setBasis: async () => {},
    setStatistics: async (values) => void (scale = values[1]! > 0 ? 1 / 255 : 0), // used, so that order matters
    gradient: async (batch, draw, _settings, gradient): Promise<Terms> => {
      gradient.fill(0);
      return { loss: loss(w, batch, x(batch), noiseOf(draw), gradient) };
    },
    statistics: async (batch, _draw, sums) => {
      const values = Array.from({ length: batch.rowCount }, (_, row) => x(batch)(row, 0));
      sums[0] = values.reduce((a, b) => a + b, 0) / batch.rowCount;
      sums[1] = values.reduce((a, b) => a + b * b, 0) / batch.rowCount;
    },
    evaluate: async (batch, draw) => ({ loss: loss(w, batch, x(batch), noiseOf(draw), null) }),
    covariance: async ({ rows, rowCount }, sums) => {
      for (let r = 0; r < rowCount; r += 1) {
        const row = [...rows.subarray(r * features, (r + 1) * features)].map((value) => value - 128);
        row.forEach((a, i) => row.forEach((b, j) => (sums[i * features + j]! += a * b)));
        row.forEach((a, i) => (sums[features * features + i]! += a));
      }
    },
    basis: async (sums, rowCount, componentCount, whiten): Promise<Basis> => ({
      featureCount: features,
      componentCount,
      mean: Float32Array.from({ length: features }, (_, i) => sums[features * features + i]! / rowCount),
      vectors: Float32Array.from({ length: componentCount * features }, (_, i) =>
        i % (features + 1) === 0 ? 1 : 0,
      ),
      eigenvalues: Float32Array.from(
        { length: componentCount },
        (_, i) => sums[i * features + i]! / rowCount,
      ),
      totalVariance: 1,
      whiten,
    }),
    render: async (request, batch) => {
      if (request.what === 'samples') return new Float32Array(request.count * features).fill(w[0]!);
      return Float32Array.from(batch!.rows, (value) => value / 255);
    },
    dispose: () => {},
  };
}

const uniform = { kind: 'uniform', limit: 0.1 } as const;

/** Fits the mean of a row's pixels, jittered by noise, with one weight a pixel; `extra` unused weights under L2. */
export function linearModel(features: number, extra = 0): FakeModel {
  const parameters: ParameterSpec[] = [
    { name: 'weights', shape: [features], initialiser: uniform },
    { name: 'bias', shape: [1], initialiser: { kind: 'zeros' } },
  ];
  if (extra > 0) parameters.push({ name: 'extra', shape: [extra], initialiser: uniform, l2: 0.01 });
  const loss: LeafLoss = (w, { rowCount }, x, noise, gradient) => {
    let total = 0;
    for (let row = 0; row < rowCount; row += 1) {
      let target = noise(row) * 0.1;
      let prediction = w[features]!;
      for (let i = 0; i < features; i += 1) {
        target += x(row, i) / features;
        prediction += w[i]! * x(row, i);
      }
      const error = prediction - target;
      total += 0.5 * error * error;
      if (gradient === null) continue;
      for (let i = 0; i < features; i += 1) gradient[i]! += error * x(row, i);
      gradient[features]! += error;
    }
    return total;
  };
  return fake('linear', parameters, loss);
}

/** Logistic regression over `classes` classes: needs labels. */
export function classifierModel(features: number, classes: number): FakeModel {
  const parameters: ParameterSpec[] = [{ name: 'weights', shape: [classes, features], initialiser: uniform }];
  const loss: LeafLoss = (w, { rowCount, labels }, x, _noise, gradient) => {
    let total = 0;
    for (let row = 0; row < rowCount; row += 1) {
      const logits = Array.from({ length: classes }, (_, c) => {
        let logit = 0;
        for (let i = 0; i < features; i += 1) logit += w[c * features + i]! * x(row, i);
        return logit;
      });
      const exps = logits.map(Math.exp);
      const sum = exps.reduce((a, b) => a + b, 0);
      total += Math.log(sum) - logits[labels![row]!]!;
      if (gradient === null) continue;
      exps.forEach((value, c) => {
        const error = value / sum - (c === labels![row] ? 1 : 0);
        for (let i = 0; i < features; i += 1) gradient[c * features + i]! += error * x(row, i);
      });
    }
    return total;
  };
  return fake('classifier', parameters, loss);
}

function fake(name: string, parameters: ParameterSpec[], loss: LeafLoss): FakeModel {
  const description: ModelDescription = {
    name,
    parameters: parameters.map((spec) => ({ ...spec, shape: [...spec.shape] })),
    statistics: [{ name: 'input', size: 1 }],
    termNames: ['loss'],
    generative: true,
  };
  return { description, create: (image) => createFake(description, image, loss) };
}

/** Rows of seeded bytes in memory. */
export function memoryDataset(image: ImageShape, rowCount: number, seed: number, classes: number): Dataset {
  const length = rowLength(image);
  const word = (index: number): number => philox4x32([index, 7, 0, 0], [seed, 0])[0]!;
  const rows = Uint8Array.from({ length: rowCount * length }, (_, i) => word(i) & 255);
  const labels =
    classes === 0 ? null : Uint8Array.from({ length: rowCount }, (_, i) => word(i + 2 ** 24) % classes);
  return {
    name: 'memory',
    shape: image,
    rowCount,
    hash: `memory-${rowCount}-${seed}`,
    labels,
    classCount: classes,
    readRows: (indices, out) =>
      indices.forEach((row, i) => out.set(rows.subarray(row * length, (row + 1) * length), i * length)),
    close: () => {},
  };
}

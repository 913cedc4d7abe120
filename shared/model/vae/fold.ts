/**
 * The autoencoder folded into dense layers: with given statistics batch norm is affine, and so is the projection.
 *
 *   batch norm       x -> a x + c,  a = gamma / sqrt(variance + epsilon),  c = beta - a mean
 *   after a layer    kernel a, bias a + c          before one    a kernel, bias + c kernel
 *   projection       features = pixels V^T / s - mean V^T / s      restored = features s V + mean
 *
 * Dropout is the identity. All products are made in float64 and rounded once. The decoder gives the mean of the
 * output distribution, as pixels; its variance has no place in a picture.
 */
import assert from 'node:assert';
import { rowLength } from '../../data/dataset.ts';
import { deviationOf, type Basis } from '../../math/pca.ts';
import { batchNormEpsilon } from '../layers.ts';
import type { LoadedModel } from '../loaded-model.ts';
import { readArrays, type NamedArrays } from '../named-arrays.ts';
import type { Activation, DenseLayer, Network } from '../network.ts';
import type { ModelSettings } from '../settings.ts';
import { meanName } from './output.ts';
import { branches, decoderName, inputName, sharedName } from './vae.ts';

export interface FoldedVae {
  readonly encoder: Network; // pixels [H, W, C] in [0, 1] to mean and log-variance, [latent] each
  readonly decoder: Network; // latents [latent] to pixels [H, W, C] in [0, 1]
}

/** x -> x scale + shift, of each value. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** @param loaded the autoencoder of these settings, with parameters, basis and statistics */
export async function foldVae(loaded: LoadedModel, settings: ModelSettings): Promise<FoldedVae> {
  const { height, width, channels } = loaded.image;
  const imageShape = [height, width, channels];
  const arrays = await readArrays(loaded);
  const pixelCount = rowLength(loaded.image);
  const { latent } = settings;
  const encoder = encoderLayers(arrays, settings, loaded.basis(), pixelCount);
  return {
    encoder: {
      name: 'encoder',
      input: pixelsName,
      inputShape: imageShape,
      layers: encoder,
      outputs: Object.values(branches).map((name) => `${name}/output`),
      outputShape: [latent],
    },
    decoder: {
      name: 'decoder',
      input: latentsName,
      inputShape: [latent],
      layers: decoderLayers(arrays, settings, loaded.basis()),
      outputs: [loaded.basis() === null ? meanName : restoreName],
      outputShape: imageShape,
    },
  };
}

const pixelsName = 'pixels';
const latentsName = 'latents';
const projectName = 'encoder/components';
const restoreName = 'decoder/components';

function encoderLayers(
  arrays: NamedArrays,
  { encoderBlocks, branchBlocks }: ModelSettings,
  basis: Basis | null,
  pixelCount: number,
): DenseLayer[] {
  const norm = normOf(arrays, inputName);
  // Without a projection to take it, the first batch norm goes into every layer that reads the pixels.
  const before = basis === null ? norm : identity(basis.componentCount);
  const first = basis === null ? [] : [projectionLayer(basis, norm)];
  const start = basis === null ? pixelsName : projectName;
  const shared = blocks(arrays, sharedName, start, encoderBlocks, before);
  const sharedEnd = shared.at(-1)?.name ?? start;
  const ofBranches = Object.values(branches).flatMap((name) => {
    const beforeBranch = encoderBlocks === 0 ? before : null;
    const stack = blocks(arrays, name, sharedEnd, branchBlocks, beforeBranch);
    const beforeLast = branchBlocks === 0 ? beforeBranch : null;
    const end = stack.at(-1)?.name ?? sharedEnd;
    return [...stack, dense(arrays, `${name}/output`, { input: end, before: beforeLast })];
  });
  const layers = [...first, ...shared, ...ofBranches];
  assert.equal(layers[0]?.inputSize, pixelCount, 'values of a row');
  return layers;
}

function decoderLayers(
  arrays: NamedArrays,
  { decoderBlocks, likelihood }: ModelSettings,
  basis: Basis | null,
): DenseLayer[] {
  const hidden = blocks(arrays, decoderName, latentsName, decoderBlocks, null);
  const ofPixels = likelihood === 'bernoulli' ? 'sigmoid' : 'clip';
  const activation = basis === null ? ofPixels : 'linear';
  const mean = dense(arrays, meanName, { input: hidden.at(-1)?.name ?? latentsName, activation });
  return [...hidden, mean, ...(basis === null ? [] : [restorationLayer(basis)])];
}

/** `count` blocks, each one dense layer; `before` goes into the first. */
function blocks(
  arrays: NamedArrays,
  name: string,
  start: string,
  count: number,
  before: Affine | null,
): DenseLayer[] {
  return Array.from({ length: count }, (_, index) => {
    const block = `${name}/${index + 1}`;
    const folded = dense(arrays, `${block}/dense`, {
      input: index === 0 ? start : `${name}/${index}`,
      before: index === 0 ? before : null,
      after: normOf(arrays, `${block}/norm`),
      activation: 'relu',
    });
    return { ...folded, name: block };
  });
}

interface Surroundings {
  readonly input: string;
  readonly before?: Affine | null;
  readonly after?: Affine;
  readonly activation?: Activation;
}

function dense(arrays: NamedArrays, name: string, around: Surroundings): DenseLayer {
  const { values: kernel, shape } = arrays.parameter(`${name}/kernel`);
  const bias = arrays.parameter(`${name}/bias`).values;
  const [inputSize = 0, size = 0] = shape;
  const before = around.before ?? identity(inputSize);
  const after = around.after ?? identity(size);
  const folded = new Float32Array(kernel.length);
  const sums = Float64Array.from(bias);
  for (let row = 0; row < inputSize; row++) {
    for (let column = 0; column < size; column++) {
      const weight = kernel[row * size + column]!;
      folded[row * size + column] = before.scale[row]! * weight * after.scale[column]!;
      sums[column]! += before.shift[row]! * weight;
    }
  }
  const { input, activation = 'linear' } = around;
  const foldedBias = Float32Array.from(sums, (sum, at) => sum * after.scale[at]! + after.shift[at]!);
  return { name, input, inputSize, size, kernel: folded, bias: foldedBias, activation };
}

const identity = (size: number): Affine => ({
  scale: new Float64Array(size).fill(1),
  shift: new Float64Array(size),
});

function normOf(arrays: NamedArrays, name: string): Affine {
  const { mean, variance } = arrays.moments(name);
  const beta = arrays.parameter(`${name}/beta`).values;
  const gamma = arrays.parameter(`${name}/gamma`).values;
  const scale = Float64Array.from(gamma, (value, at) => value / Math.sqrt(variance[at]! + batchNormEpsilon));
  return { scale, shift: Float64Array.from(beta, (value, at) => value - scale[at]! * mean[at]!) };
}

const deviationsOf = ({ eigenvalues, whiten }: Basis): Float64Array =>
  Float64Array.from(eigenvalues, (value) => (whiten ? deviationOf(value) : 1));

/** Pixels to features, and the batch norm that reads them. */
function projectionLayer(basis: Basis, after: Affine): DenseLayer {
  const { featureCount: inputSize, componentCount: size, mean, vectors } = basis;
  const deviations = deviationsOf(basis);
  const kernel = new Float32Array(inputSize * size);
  const bias = new Float32Array(size);
  for (let component = 0; component < size; component++) {
    const scale = after.scale[component]! / deviations[component]!;
    let centre = 0; // the mean's own feature, before scaling
    for (let pixel = 0; pixel < inputSize; pixel++) {
      const weight = vectors[component * inputSize + pixel]!;
      kernel[pixel * size + component] = weight * scale;
      centre += weight * mean[pixel]!;
    }
    bias[component] = after.shift[component]! - centre * scale;
  }
  return { name: projectName, input: pixelsName, inputSize, size, kernel, bias, activation: 'linear' };
}

/** Features to pixels. */
function restorationLayer(basis: Basis): DenseLayer {
  const { featureCount: size, componentCount: inputSize, mean, vectors } = basis;
  const deviations = deviationsOf(basis);
  const kernel = Float32Array.from(vectors, (weight, at) => weight * deviations[Math.floor(at / size)]!);
  const bias = Float32Array.from(mean);
  return { name: restoreName, input: meanName, inputSize, size, kernel, bias, activation: 'clip' };
}

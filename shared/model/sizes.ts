/**
 * The sizes of a model that time and memory go with, read off its layout: nothing here knows what a layer is
 * but that a matrix among the parameters multiplies rows, and that batch norm stands between hidden layers.
 *
 * P parameters, K features of a row, D its pixels.
 */
import { rowLength, type ImageShape } from '../data/dataset.ts';
import { createLayout, type LayoutEntry } from '../math/layout.ts';
import type { Model } from './model.ts';

export interface ModelSizes {
  readonly parameterCount: number; // P, the trained ones
  readonly frozenCount: number;
  readonly flopsPerSample: number; // of the matrix products of a gradient
  readonly normalisedValues: number; // of a row, over all batch-norm layers
  readonly widestLayer: number; // values of a row
  readonly featureCount: number; // K
  readonly pixelCount: number; // D
  readonly latentCount: number;
  readonly isProjected: boolean; // onto principal components
}

/** @param components K, or null where the model sees pixels */
export function sizesOf(model: Model, image: ImageShape, components: number | null): ModelSizes {
  const layout = createLayout(model.parameters);
  const pixelCount = rowLength(image);
  const normalised = model.statistics.map(({ size }) => size);
  const projection = components === null ? 0 : 2 * pixelCount * components;
  return {
    parameterCount: layout.parameterCount,
    frozenCount: layout.frozenCount,
    flopsPerSample: flopsPerSample([...layout.trained, ...layout.frozen]) + projection,
    normalisedValues: normalised.reduce((sum, size) => sum + size, 0),
    widestLayer: Math.max(...normalised, ...widthsOf(layout.trained)),
    featureCount: components ?? pixelCount,
    pixelCount,
    latentCount: model.generative?.latentCount ?? 0,
    isProjected: components !== null,
  };
}

/** Of a model of which only P is known: hidden layers of 2048 x 2048. */
export function sizesOfCount(parameterCount: number): ModelSizes {
  const width = 2048;
  const layerCount = Math.ceil(parameterCount / width ** 2);
  return {
    parameterCount,
    frozenCount: 0,
    flopsPerSample: 6 * parameterCount,
    normalisedValues: width * layerCount,
    widestLayer: width,
    featureCount: width,
    pixelCount: width,
    latentCount: 0,
    isProjected: false,
  };
}

const widthsOf = (entries: readonly LayoutEntry[]): number[] => entries.map(({ shape }) => shape.at(-1) ?? 1);

/**
 * Floating-point operations of the products x W, dy W^T and x^T dy: 2 for a weight each, a frozen one's too. The
 * first layer does without the second, unless a trained parameter comes before it.
 */
function flopsPerSample(entries: readonly LayoutEntry[]): number {
  const ordered = entries.toSorted((a, b) => a.index - b.index);
  const first = ordered.findIndex(({ shape }) => shape.length === 2);
  const isFirstOfAll = ordered.slice(0, first).every(({ frozen }) => frozen === true);
  return ordered.reduce((sum, { shape, length }, at) => {
    if (shape.length !== 2) return sum;
    return sum + length * (at === first && isFirstOfAll ? 4 : 6);
  }, 0);
}

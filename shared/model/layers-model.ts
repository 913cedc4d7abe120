/**
 * A network as a model of TensorFlow.js's layers, in the two files that `tf.loadLayersModel('model.json')` reads in
 * a browser: the topology, and the weights one after another.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DenseLayer, Network } from './network.ts';

export interface LayersModelFiles {
  readonly json: string; // model.json
  readonly weights: Uint8Array; // what model.json calls `weightsName`
}

export const weightsName = 'weights.bin';

/** @param metadata for `model.getUserDefinedMetadata()` */
export async function encodeLayersModel(network: Network, metadata: object): Promise<LayersModelFiles> {
  const model = buildModel(network);
  model.setUserDefinedMetadata(metadata);
  let files: LayersModelFiles | null = null;
  const handler: tf.io.IOHandler = {
    save: (artifacts) => {
      files = filesOf(artifacts);
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' },
      });
    },
  };
  await model.save(handler);
  model.dispose();
  return files!; // saved above
}

function buildModel({ name, input, inputShape, layers, outputs, outputShape }: Network): tfl.LayersModel {
  const start = tfl.input({ name: input, shape: [...inputShape] });
  const isFlat = inputShape.length === 1;
  const flat = isFlat ? start : (tfl.layers.flatten({ name: `${input}_flat` }).apply(start) as Symbolic);
  const reached = new Map<string, Symbolic>([[input, flat]]);
  for (const layer of layers) reached.set(layer.name, applyDense(layer, reached.get(layer.input)!));
  const ends = outputs.map((output) => reached.get(output)!);
  const shaped =
    outputShape.length === 1
      ? ends
      : ends.map((end) => tfl.layers.reshape({ targetShape: [...outputShape] }).apply(end) as Symbolic);
  return tfl.model({ name, inputs: start, outputs: shaped });
}

type Symbolic = tfl.SymbolicTensor;

function applyDense(layer: DenseLayer, input: Symbolic): Symbolic {
  const { inputSize, size, kernel, bias, activation } = layer;
  const name = layer.name.replaceAll('/', '_');
  const weights = [tf.tensor2d(kernel, [inputSize, size]), tf.tensor1d(bias)];
  const dense = tfl.layers.dense({
    name,
    units: size,
    activation: activation === 'clip' ? 'linear' : activation,
    kernelInitializer: 'zeros', // there are weights, and random ones would take time
    weights,
  });
  const output = dense.apply(input) as Symbolic;
  tf.dispose(weights);
  if (activation !== 'clip') return output;
  return tfl.layers.reLU({ name: `${name}_clip`, maxValue: 1 }).apply(output) as Symbolic;
}

function filesOf(artifacts: tf.io.ModelArtifacts): LayersModelFiles {
  const { modelTopology, weightSpecs, weightData, format, generatedBy, userDefinedMetadata } = artifacts;
  const parts = Array.isArray(weightData) ? weightData : [weightData ?? new ArrayBuffer(0)];
  const weightsManifest = [{ paths: [weightsName], weights: weightSpecs }];
  return {
    json: JSON.stringify({ format, generatedBy, modelTopology, weightsManifest, userDefinedMetadata }),
    weights: Buffer.concat(parts.map((part) => new Uint8Array(part))),
  };
}

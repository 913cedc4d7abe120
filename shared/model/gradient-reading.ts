/**
 * Gradients from the device into an array, each as soon as it exists where that costs no waiting.
 *
 * A parameter is used through an identity whose own gradient function copies what arrives, and lets go of it.
 * Made at the parameter's first use, the identity comes last of all its uses in the backward pass, so what
 * arrives is the whole gradient. It is copied while still in the cache, and the memory serves the next one:
 * two hundred megabytes a step are then neither kept nor faulted in anew.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayoutEntry } from '../math/layout.ts';
import type { Parameters } from './model.ts';
import type { Reader, Runtime } from './runtime.ts';

/**
 * The loss, and its gradient by every trained parameter.
 *
 * @param trained in layout order
 * @param lossOf computes the loss from the trained parameters by name
 * @param out [P], overwritten
 */
export async function gradientInto(
  runtime: Runtime,
  entries: readonly LayoutEntry[],
  trained: readonly tf.Tensor[],
  lossOf: (parameters: Parameters) => tf.Scalar,
  out: Float32Array,
): Promise<void> {
  const { reader } = runtime;
  const early = reader?.isHostMemory === true ? reader : null;
  const grads = tf.tidy(() => {
    const f = (...inputs: tf.Tensor[]): tf.Scalar => lossOf(parametersOf(entries, inputs, out, early));
    return tf.valueAndGrads(f)([...trained]).grads;
  });
  if (early !== null) return;
  for (const [index, entry] of entries.entries()) {
    const tensor = grads[index] as tf.Tensor;
    const values = partOf(out, entry);
    if (reader === undefined) values.set(await tensor.data<'float32'>());
    else reader.read(tensor, values);
    tensor.dispose();
  }
}

const partOf = (values: Float32Array, { offset, length }: LayoutEntry): Float32Array =>
  values.subarray(offset, offset + length);

/** Parameters by name; with a reader, each becomes an identity that reads, when it is asked for first. */
function parametersOf(
  entries: readonly LayoutEntry[],
  tensors: readonly tf.Tensor[],
  out: Float32Array,
  reader: Reader | null,
): Parameters {
  const parameters: Record<string, tf.Tensor> = {};
  for (const [index, entry] of entries.entries()) {
    const tensor = tensors[index] as tf.Tensor;
    let used: tf.Tensor | null = reader === null ? tensor : null;
    Object.defineProperty(parameters, entry.name, {
      enumerable: true,
      get: () => (used ??= readGradientOf(tensor, partOf(out, entry), reader!)),
    });
  }
  return parameters;
}

/** The parameter itself; its gradient is read, and comes back as an empty shell of the right shape. */
function readGradientOf(parameter: tf.Tensor, values: Float32Array, reader: Reader): tf.Tensor {
  const identity = tf.customGrad((input) => ({
    value: (input as tf.Tensor).clone(),
    gradFunc(dy) {
      reader.read(dy, values);
      dy.dispose();
      return dy;
    },
  }));
  return identity(parameter);
}

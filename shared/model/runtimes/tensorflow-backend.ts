/** The part of tfjs-node-gpu's backend that is called directly: any operation of TensorFlow, by its name. */
import * as tf from '@tensorflow/tfjs-core';

export interface OperationAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface TensorflowBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_FLOAT: number;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_STRING: number;
    /** Only where the addon is ours (deploy/setup/patches.mjs). */
    readonly tensorDataInto?: (id: number, out: Float32Array) => void;
  };
  /** Where a tensor is: an array that has not been uploaded yet, or TensorFlow's tensor of that id. */
  readonly tensorMap: { get(dataId: object): { readonly id: number; readonly values: Float32Array | null } };
  executeMultipleOutputs(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputCount: number,
  ): tf.Tensor[];
}

export const tensorflowBackend = (): TensorflowBackend => tf.backend() as unknown as TensorflowBackend;

type AttributeValue = { readonly float: number } | { readonly text: string } | boolean | 'float32' | 'int32';

/** Runs one operation. @param attributes `float32` and `int32` are types */
export function execute(
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  inputs: readonly tf.TensorInfo[],
  outputCount = 1,
): tf.Tensor[] {
  const backend = tensorflowBackend();
  const list = Object.entries(attributes).map(([key, value]) => attributeOf(backend, key, value));
  return backend.executeMultipleOutputs(name, list, inputs, outputCount);
}

function attributeOf(
  { binding }: TensorflowBackend,
  name: string,
  value: AttributeValue,
): OperationAttribute {
  if (value === 'float32') return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  if (value === 'int32') return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
  if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
  if ('float' in value) return { name, type: binding.TF_ATTR_FLOAT, value: value.float };
  return { name, type: binding.TF_ATTR_STRING, value: value.text };
}

/** Runs one operation that has one output. */
export function executeOne(
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  inputs: readonly tf.TensorInfo[],
): tf.Tensor {
  const [output] = execute(name, attributes, inputs);
  if (output === undefined) throw new Error(`${name} has no output`);
  return output;
}

/** Copies the values of a float32 tensor into `out`, by one memcpy where the addon offers it. */
export function readInto(
  tensor: tf.Tensor,
  out: Float32Array,
  { binding, tensorMap }: Pick<TensorflowBackend, 'binding' | 'tensorMap'> = tensorflowBackend(),
): void {
  const { id, values } = tensorMap.get(tensor.dataId);
  if (values !== null) out.set(values);
  else if (binding.tensorDataInto === undefined) out.set(tensor.dataSync<'float32'>());
  else binding.tensorDataInto(id, out);
}

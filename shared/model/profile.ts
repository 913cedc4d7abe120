/**
 * Where a gradient's time goes: every operation by name, and the matrix products to be run again alone.
 *
 * While it records, it stands between TensorFlow.js and its backend. On TensorFlow that is the two methods
 * through which every operation passes, on any other backend each registered kernel; both are synchronous on
 * a CPU, so the time of a call is the time of the operation. A kernel that calls another is charged for what
 * the other does not take.
 */
import * as tf from '@tensorflow/tfjs-core';
import { executeOne, type OperationAttribute } from './runtimes/tensorflow-backend.ts';

/** a [rows, inner] times b [inner, columns], either of them stored transposed. */
export interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly operation: string; // by which it was computed
}

export interface Operation {
  readonly name: string;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly ms: number; // without the operations inside it
  readonly product: Product | null;
}

export interface Recording {
  readonly operations: readonly Operation[]; // in the order in which they ended
  /** Values read back from the device. */
  readonly reads: readonly Pick<Operation, 'beganMs' | 'endedMs'>[];
  readonly readMs: number;
}

type Method = (...values: never[]) => unknown;
type Measure = (name: string, product: Product | null, run: () => unknown) => unknown;

/** Floating-point operations: a multiplication and an addition each. */
export const flopsOf = ({ rows, inner, columns }: Product): number => 2 * rows * inner * columns;

/** Records all that `run` does on the current backend. @param nowMs monotonic */
export async function record(run: () => Promise<unknown>, nowMs: () => number): Promise<Recording> {
  const operations: Operation[] = [];
  let nestedMs = 0; // of calls within the one that is open
  const reads: Recording['reads'][number][] = [];
  const measure: Measure = (name, product, call) => {
    const outer = nestedMs;
    nestedMs = 0;
    const beganMs = nowMs();
    const value = call();
    const endedMs = nowMs();
    const ms = endedMs - beganMs;
    operations.push({ name, beganMs, endedMs, ms: ms - nestedMs, product });
    nestedMs = outer + ms;
    return value;
  };
  const backend = tf.backend() as unknown as Record<string, Method>;
  const restore = tf.getBackend() === 'tensorflow' ? watchMethods(backend, measure) : watchKernels(measure);
  const read = backend['readSync']!;
  backend['readSync'] = (...values) => {
    const beganMs = nowMs();
    const result = read.apply(backend, values);
    reads.push({ beganMs, endedMs: nowMs() });
    return result;
  };
  try {
    await run();
  } finally {
    restore();
    delete backend['readSync']; // the class's own comes back
  }
  const readMs = reads.reduce((sum, read) => sum + read.endedMs - read.beganMs, 0);
  return { operations, reads, readMs };
}

/** TensorFlow's operations, by their own names. @returns what ends it */
function watchMethods(backend: Record<string, Method>, measure: Measure): () => void {
  const names = ['executeSingleOutput', 'executeMultipleOutputs'];
  for (const name of names) {
    const method = backend[name]!;
    const watched = (
      operation: string,
      attributes: OperationAttribute[],
      inputs: tf.TensorInfo[],
      n: number,
    ) =>
      measure(operation, productOfTensorflow(operation, attributes, inputs), () =>
        method.apply(backend, [operation, attributes, inputs, n] as never),
      );
    backend[name] = watched as Method;
  }
  return () => names.forEach((name) => delete backend[name]);
}

function productOfTensorflow(
  operation: string,
  attributes: readonly OperationAttribute[],
  inputs: readonly tf.TensorInfo[],
): Product | null {
  if (!/MatMul/.test(operation)) return null;
  const isSet = (names: readonly string[]): boolean =>
    attributes.some(({ name, value }) => names.includes(name) && value === true);
  const [a, b] = inputs as readonly [tf.TensorInfo, tf.TensorInfo];
  return productOf(operation, a, b, isSet(['adj_x', 'transpose_a']), isSet(['adj_y', 'transpose_b']));
}

/** The kernels of any other backend. @returns what ends it */
function watchKernels(measure: Measure): () => void {
  const backendName = tf.getBackend();
  const kernels = tf.getKernelsForBackend(backendName);
  const register = (kernel: tf.KernelConfig): void => {
    tf.unregisterKernel(kernel.kernelName, backendName);
    tf.registerKernel(kernel);
  };
  for (const kernel of kernels) {
    const { kernelName, kernelFunc } = kernel;
    const watched: tf.KernelFunc = (given) =>
      measure(kernelName, productOfKernel(kernelName, given), () =>
        kernelFunc(given),
      ) as ReturnType<tf.KernelFunc>;
    register({ ...kernel, kernelFunc: watched });
  }
  return () => kernels.forEach(register);
}

function productOfKernel(name: string, { inputs, attrs }: Parameters<tf.KernelFunc>[0]): Product | null {
  if (name !== 'BatchMatMul' && name !== '_FusedMatMul') return null;
  const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo };
  return productOf(name, a, b, attrs?.['transposeA'] === true, attrs?.['transposeB'] === true);
}

function productOf(
  operation: string,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): Product {
  const [first, last] = a.shape.slice(-2) as [number, number];
  const [rows, inner] = transposeA ? [last, first] : [first, last];
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  return { operation, rows, inner, columns, transposeA, transposeB };
}

export interface Products {
  /** All of them, one after another, as the gradient computes them; results are thrown away. */
  run(): Promise<void>;
  dispose(): void;
}

/** Matrix products to be run alone: operands of the recorded shapes, on the device. */
export function prepareProducts(products: readonly Product[]): Products {
  const operands = new Map<string, tf.Tensor>();
  const operand = (rows: number, columns: number, transposed: boolean): tf.Tensor => {
    const shape = transposed ? [columns, rows] : [rows, columns];
    const known = operands.get(shape.join()) ?? tf.tidy(() => tf.keep(tf.add(tf.fill(shape, 0.5), 0.25))); // on the device
    operands.set(shape.join(), known);
    return known;
  };
  const prepared = products.map((product) => {
    const { rows, inner, columns, transposeA, transposeB } = product;
    const [a, b] = [operand(rows, inner, transposeA), operand(inner, columns, transposeB)];
    return () => multiply(product, a as tf.Tensor2D, b as tf.Tensor2D);
  });
  return {
    async run() {
      let last = null as tf.Tensor | null;
      for (const multiplyOne of prepared) {
        last?.dispose();
        last = multiplyOne();
      }
      if (last === null) return;
      const corner = tf.slice(last, [0, 0], [1, 1]);
      await corner.data(); // a GPU's queue has to be empty
      tf.dispose([last, corner]);
    },
    dispose: () => tf.dispose([...operands.values()]),
  };
}

/** By the operation that computed it, without what was fused to it. */
function multiply({ operation, transposeA, transposeB }: Product, a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor {
  if (tf.getBackend() !== 'tensorflow' || operation === 'BatchMatMulV2')
    return tf.matMul(a, b, transposeA, transposeB);
  const attributes = { T: 'float32', transpose_a: transposeA, transpose_b: transposeB } as const;
  return executeOne('MatMul', attributes, [a, b]);
}

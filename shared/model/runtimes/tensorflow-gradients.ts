/**
 * Gradients that stay on the device. Those of TensorFlow.js for ReLU, Sum and Mean build arrays of ones in
 * JavaScript, tens of megabytes a step; here ReLU uses TensorFlow's fused gradient, and sums broadcast.
 *
 * A gradient is registered for all backends at once, so on any other backend these are the stock ones.
 */
import * as tf from '@tensorflow/tfjs-core';
import { executeOne } from './tensorflow-backend.ts';

type InputGradients = ReturnType<tf.GradFunc>;
type TensorflowGradient = (dy: tf.Tensor, x: tf.Tensor, attributes: tf.NamedAttrMap) => tf.Tensor;

const gradients: Readonly<Record<string, TensorflowGradient>> = {
  Relu: (dy, x) => executeOne('ReluGrad', { T: 'float32' }, [dy, x]),
  Sum: (dy, x, attributes) => broadcastBack(dy, x, attributes),
  Mean: (dy, x, attributes) => tf.div(broadcastBack(dy, x, attributes), x.size / dy.size),
};

let isDone = false;

/** Replaces the gradients of operations with one input, `x`, which they save; once a process. */
export function registerTensorflowGradients(): void {
  if (isDone) return;
  isDone = true;
  for (const [kernelName, gradient] of Object.entries(gradients)) {
    const stock = tf.getGradient(kernelName);
    if (stock === undefined) throw new Error(`TensorFlow.js has no gradient of ${kernelName}`);
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...stock,
      gradFunc(dy, saved, attributes): InputGradients {
        if (tf.getBackend() !== 'tensorflow') return stock.gradFunc(dy, saved, attributes);
        return { x: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor, attributes) };
      },
    });
  }
}

/** dy, one value for each sum, spread over what was summed. */
function broadcastBack(dy: tf.Tensor, x: tf.Tensor, attributes: tf.NamedAttrMap): tf.Tensor {
  const axes = tf.util.parseAxisParam(attributes['axis'] as number | number[], x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = tf.tensor1d(x.shape, 'int32');
  return executeOne('BroadcastTo', { T: 'float32', Tidx: 'int32' }, [tf.reshape(dy, kept), shape]);
}

/**
 * The gradient of a convolution by its filter, for a backend that has none (wasm): for each place (i, j) of the
 * kernel the product of what it has read, [b * h * w, in], with dy, [b * h * w, out].
 *
 * Convolutions of the layout NHWC, without dilation.
 */
import * as tf from '@tensorflow/tfjs-core';

interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
  readonly filterShape: [number, number, number, number]; // [height, width, in, out]
}

/** Registers it once, where there is none. */
export function registerFilterGradient(backendName: string): void {
  if (tf.getKernel('Conv2DBackpropFilter', backendName) !== undefined) return;
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName,
    kernelFunc({ inputs, attrs }) {
      const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
      return tf.tidy(() => filterGradient(x, dy, attrs as unknown as Attributes));
    },
  });
}

function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, { strides, pad, filterShape }: Attributes) {
  const [height, width, inCount, outCount] = filterShape;
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth } = info;
  const padded = tf.pad4d(x, [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ]);
  const rowCount = x.shape[0];
  const flat = tf.reshape(dy, [-1, outCount]);
  const places: tf.Tensor[] = [];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const end = [rowCount, i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1];
      const read = tf.stridedSlice(
        padded,
        [0, i, j, 0],
        [...end, inCount],
        [1, strideHeight, strideWidth, 1],
      );
      places.push(tf.matMul(tf.reshape(read, [-1, inCount]), flat, true, false));
    }
  }
  return tf.reshape(tf.stack(places), filterShape);
}

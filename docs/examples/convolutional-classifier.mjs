/**
 * A convolutional classifier of Fashion-MNIST: two convolutions of stride 2, batch norm, two dense layers.
 *
 *   lockstep train --model docs/examples/convolutional-classifier.mjs --components none \
 *     --data train-images-idx3-ubyte.gz --test-data t10k-images-idx3-ubyte.gz
 *
 * Loss: cross-entropy, in nats. `accuracy` is a term that the loss does not contain: correct rows, summed like
 * every term, so that what is shown, the mean over rows, is the share of them.
 */
import {
  batchNorm,
  batchNormArchitecture,
  defineModel,
  dense,
  denseArchitecture,
  glorotUniform,
  joinArchitectures,
  passOf,
  tf,
} from 'lockstep';

const classCount = 10;
const channels = [16, 32]; // after each convolution
const hiddenSize = 64;

// 3 x 3
const kernel = (name, from, to) => ({
  name,
  shape: [3, 3, from, to],
  initialiser: glorotUniform(9 * from, 9 * to),
});

export default defineModel(({ image, components }) => {
  if (components !== null) throw new Error('convolutions need pixels: add --components none');
  const { height, width } = image;
  const [first, second] = channels;
  const flatSize = Math.ceil(height / 4) * Math.ceil(width / 4) * second;
  const architecture = joinArchitectures(
    { parameters: [kernel('first/kernel', image.channels, first)], statistics: [] },
    batchNormArchitecture('first/norm', first),
    { parameters: [kernel('second/kernel', first, second)], statistics: [] },
    batchNormArchitecture('second/norm', second),
    denseArchitecture('hidden', flatSize, hiddenSize),
    denseArchitecture('output', hiddenSize, classCount),
  );

  // Convolution, batch norm over each channel, ReLU.
  function convolve(pass, name, x) {
    const filter = pass.parameters[`${name}/kernel`];
    const y = tf.conv2d(x, filter, 2, 'same');
    const rows = tf.reshape(y, [-1, y.shape[3]]);
    return tf.relu(tf.reshape(batchNorm(pass, `${name}/norm`, rows), y.shape));
  }

  return {
    name: 'convolutional-classifier',
    ...architecture,
    termNames: ['accuracy'],
    lossSum(parameters, { rows, labels }, draws, mode) {
      if (labels === null) throw new Error('it needs labels: put the labels file beside the images');
      const pass = passOf(parameters, draws, mode);
      const images = tf.reshape(rows, [-1, height, width, image.channels]);
      const features = convolve(pass, 'second', convolve(pass, 'first', images));
      const flat = tf.reshape(features, [-1, flatSize]);
      const logits = dense(pass, 'output', tf.relu(dense(pass, 'hidden', flat)));
      const wanted = tf.oneHot(labels, classCount);
      return {
        loss: tf.neg(tf.sum(tf.mul(wanted, tf.logSoftmax(logits)))),
        terms: { accuracy: tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')) },
      };
    },
  };
});

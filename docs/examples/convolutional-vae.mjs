/**
 * A convolutional variational autoencoder of images whose sides are multiples of 4.
 *
 *   lockstep train --model docs/examples/convolutional-vae.mjs --components none --latent 16 \
 *     --data train-images-idx3-ubyte.gz
 *
 * Output: Gaussian around the decoder's image, with one learned variance for all pixels (the sigma-VAE of Rybkin
 * et al. 2021). Since it is `generative`, a run of it draws samples, reconstructions and interpolations, and
 * `lockstep evaluate` knows its bounds.
 */
import {
  constant,
  defineModel,
  dense,
  denseArchitecture,
  glorotUniform,
  joinArchitectures,
  passOf,
  tf,
} from 'lockstep';

const channels = [16, 32];

const convolution = (name, from, to, biasSize = to) => [
  { name: `${name}/kernel`, shape: [4, 4, from, to], initialiser: glorotUniform(16 * from, 16 * to) },
  { name: `${name}/bias`, shape: [biasSize], initialiser: { kind: 'zeros' } },
];

export default defineModel(({ image, components, settings }) => {
  const { height, width } = image;
  if (components !== null) throw new Error('convolutions need pixels: add --components none');
  if (height % 4 !== 0 || width % 4 !== 0) throw new Error('the sides of images must be multiples of 4');
  const { latent } = settings;
  const [first, second] = channels;
  const flatSize = (height / 4) * (width / 4) * second;
  const pixelCount = height * width * image.channels;

  const layerOf = (parameters, name) => ({
    kernel: parameters[`${name}/kernel`],
    bias: parameters[`${name}/bias`],
  });

  function narrow(parameters, name, x) {
    const { kernel, bias } = layerOf(parameters, name);
    return tf.relu(tf.add(tf.conv2d(x, kernel, 2, 'same'), bias));
  }

  function widen(parameters, name, x) {
    const { kernel, bias } = layerOf(parameters, name);
    const [rowCount, h, w] = x.shape;
    const shape = [rowCount, 2 * h, 2 * w, kernel.shape[2]];
    return tf.add(tf.conv2dTranspose(x, kernel, shape, 2, 'same'), bias);
  }

  function encode(pass, rows) {
    const images = tf.reshape(rows, [-1, height, width, image.channels]);
    const features = narrow(pass.parameters, 'encoder/2', narrow(pass.parameters, 'encoder/1', images));
    const flat = tf.reshape(features, [-1, flatSize]);
    const mean = dense(pass, 'encoder/mean', flat);
    const logVariance = dense(pass, 'encoder/logVariance', flat);
    const logScale = tf.mul(logVariance, constant(0.5));
    return {
      mean,
      logVariance,
      sample: (noise) => tf.add(mean, tf.mul(tf.exp(logScale), noise)),
      logDensity(noise) {
        const logNormal = tf.mul(tf.add(tf.square(noise), constant(Math.log(2 * Math.PI))), constant(-0.5));
        return tf.sum(tf.sub(logNormal, logScale), 1);
      },
    };
  }

  function decode(pass, latents) {
    const flat = tf.relu(dense(pass, 'decoder/input', latents));
    const features = tf.reshape(flat, [-1, height / 4, width / 4, second]);
    const hidden = tf.relu(widen(pass.parameters, 'decoder/1', features));
    const mean = tf.reshape(tf.sigmoid(widen(pass.parameters, 'decoder/2', hidden)), [-1, pixelCount]);
    const logVariance = pass.parameters['decoder/logVariance'];
    const variance = tf.exp(logVariance);
    return {
      mean: () => mean,
      variance: () => tf.broadcastTo(variance, mean.shape),
      negativeLogLikelihood(rows) {
        const distance = tf.div(tf.squaredDifference(rows, mean), variance);
        const perPixel = tf.add(tf.add(distance, logVariance), constant(Math.log(2 * Math.PI)));
        return tf.mul(tf.sum(perPixel, 1), constant(0.5));
      },
      sample: (noise) => tf.add(mean, tf.mul(tf.sqrt(variance), noise)),
    };
  }

  return {
    name: 'convolutional-vae',
    ...joinArchitectures(
      { parameters: convolution('encoder/1', image.channels, first), statistics: [] },
      { parameters: convolution('encoder/2', first, second), statistics: [] },
      denseArchitecture('encoder/mean', flatSize, latent),
      denseArchitecture('encoder/logVariance', flatSize, latent),
      denseArchitecture('decoder/input', latent, flatSize),
      { parameters: convolution('decoder/1', first, second, first), statistics: [] },
      { parameters: convolution('decoder/2', image.channels, first, image.channels), statistics: [] },
      {
        parameters: [
          { name: 'decoder/logVariance', shape: [1], initialiser: { kind: 'constant', value: -2 } },
        ],
        statistics: [],
      },
    ),
    termNames: ['nll', 'kl'],
    lossSum(parameters, { rows }, draws, mode, { klWeight }) {
      const pass = passOf(parameters, draws, mode);
      const posterior = encode(pass, rows);
      const noise = draws.standardNormal(posterior.mean.shape);
      const nll = tf.sum(decode(pass, posterior.sample(noise)).negativeLogLikelihood(rows));
      const { mean, logVariance } = posterior;
      const excess = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, constant(1)));
      const kl = tf.mul(tf.sum(excess), constant(0.5));
      return { loss: tf.add(nll, tf.mul(kl, tf.scalar(klWeight))), terms: { nll, kl } };
    },
    generative: {
      latentCount: latent,
      isDensity: true,
      encode: (parameters, rows, mode) => encode({ ...mode, parameters }, rows),
      decode: (parameters, latents, mode) => decode({ ...mode, parameters }, latents),
    },
  };
});

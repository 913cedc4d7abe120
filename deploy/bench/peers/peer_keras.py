"""The peer in Keras on TensorFlow: one process, the whole step in one tf.function.

    python peer_keras.py train --inputs inputs.safetensors --batch-size 1000 --threads 2
"""

import math
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers, ops

from peer import Inputs, answer, batches, norm_of, read_arguments, read_inputs, seconds_of


def norm() -> layers.BatchNormalization:
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.99)


def block(width: int, dropout: float) -> list[keras.Layer]:
    return [layers.Dense(width), norm(), layers.ReLU(), layers.Dropout(dropout)]


class Vae(keras.Model):
    """Keng's variational autoencoder; a call gives the loss, the mean over rows."""

    def __init__(self, settings: dict, draws: bool):
        super().__init__()
        width, latent, features = settings["width"], settings["latent"], settings["features"]
        dropout = settings["dropout"] if draws else 0.0
        self.draws = draws
        self.floor = settings["varianceFloor" if draws else "agreementFloor"]
        blocks = lambda count: [block(width, dropout) for _ in range(count)]
        self.input_norm = norm()
        self.shared = blocks(settings["encoderBlocks"])
        self.mean = [*blocks(settings["branchBlocks"]), [layers.Dense(latent)]]
        self.log_variance = [*blocks(settings["branchBlocks"]), [layers.Dense(latent)]]
        self.hidden = blocks(settings["decoderBlocks"])
        self.location = layers.Dense(features)
        self.variance = [block(features, dropout), [layers.Dense(features)]]
        self.noise_seed = keras.random.SeedGenerator(1)

    def call(self, rows, training=True):
        shared = run(self.shared, self.input_norm(rows, training=training), training)
        mean = run(self.mean, shared, training)
        log_variance = run(self.log_variance, shared, training)
        latents = mean
        if self.draws:
            noise = keras.random.normal(ops.shape(mean), seed=self.noise_seed)
            latents = mean + ops.exp(log_variance / 2) * noise
        hidden = run(self.hidden, latents, training)
        variance = ops.relu(run(self.variance, hidden, training)) + self.floor
        distance = ops.square(rows - self.location(hidden)) / variance
        constant = rows.shape[1] * math.log(2 * math.pi)
        nll = 0.5 * (constant + ops.sum(ops.log(variance) + distance, axis=1))
        kl = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1)
        return ops.mean(nll + kl)

    def named(self):
        """Every layer that has parameters, with Lockstep's name of it."""
        yield "encoder/input", self.input_norm
        yield from named_blocks("encoder/shared", self.shared)
        for name, branch in (("encoder/mean", self.mean), ("encoder/logVariance", self.log_variance)):
            yield from named_blocks(name, branch[:-1])
            yield f"{name}/output", branch[-1][0]
        yield from named_blocks("decoder/hidden", self.hidden)
        yield "decoder/mean", self.location
        (dense, norm, *_), (output,) = self.variance
        yield from (("decoder/variance/dense", dense), ("decoder/variance/norm", norm))
        yield "decoder/variance/output", output


def run(blocks, x, training: bool):
    for block in blocks:
        for layer in block:
            takes_mode = isinstance(layer, (layers.BatchNormalization, layers.Dropout))
            x = layer(x, training=training) if takes_mode else layer(x)
    return x


def named_blocks(name: str, blocks):
    for index, (dense, norm, *_) in enumerate(blocks, start=1):
        yield f"{name}/{index}/dense", dense
        yield f"{name}/{index}/norm", norm


def create_model(inputs: Inputs, draws: bool) -> Vae:
    model = Vae(inputs.settings, draws)
    model(tf.constant(inputs.features[:2]))  # makes the variables
    left = dict(inputs.parameters)
    for name, layer in model.named():
        dense = isinstance(layer, layers.Dense)
        weights = ("kernel", "bias") if dense else ("gamma", "beta")
        for weight in weights:
            getattr(layer, weight).assign(left.pop(f"{name}/{weight}"))
    assert not left, f"not in this model: {sorted(left)}"
    return model


def parameter_count(model: Vae) -> int:
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


VERSION = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"


def agree(arguments, inputs: Inputs) -> None:
    model = create_model(inputs, draws=False)
    with tf.GradientTape() as tape:
        loss = model(tf.constant(inputs.features[: arguments.batch_size]), training=True)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    answer(
        parameterCount=parameter_count(model),
        loss=float(loss),
        gradientNorm=norm_of([gradient.numpy() for gradient in gradients]),
        version=VERSION,
    )


def train(arguments, inputs: Inputs) -> None:
    model = create_model(inputs, draws=True)
    adam = inputs.settings["adam"]
    optimiser = keras.optimizers.Adam(
        learning_rate=adam["learningRate"],
        beta_1=adam["beta1"],
        beta_2=adam["beta2"],
        epsilon=adam["epsilon"],
    )
    optimiser.build(model.trainable_variables)
    variables = model.trainable_variables

    @tf.function(jit_compile=arguments.compile)
    def update(rows):
        with tf.GradientTape() as tape:
            loss = model(rows, training=True)
        optimiser.apply(tape.gradient(loss, variables), variables)
        return loss

    rows = batches(inputs.features, arguments.batch_size)

    def step() -> None:
        float(update(tf.convert_to_tensor(next(rows))))  # waits for the end of the step

    seconds = seconds_of(step, arguments.warm_up_steps, arguments.steps)
    answer(
        parameterCount=parameter_count(model),
        samplesPerSecond=arguments.steps * arguments.batch_size / seconds,
        version=VERSION,
    )


def main() -> None:
    arguments = read_arguments()
    assert arguments.processes == 1, "this peer is one process"
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    inputs = read_inputs(arguments.inputs)
    (agree if arguments.task == "agree" else train)(arguments, inputs)


if __name__ == "__main__":
    main()

"""Golden numbers of the variational autoencoder, from an implementation of its own in PyTorch, float64.

    python test/golden/vae.py > test/golden/vae.json        (PyTorch 2, nothing else)

Layers, densities and divergences are PyTorch's (functional, distributions), and gradients are its autograd's,
so that nothing here shares code or derivations with the TypeScript under test. Parameters, rows, dropout masks
and noise are multiples of powers of two from a linear congruential generator: exact in float32.

Integers in the file stand for value * 1024 where its key says `1024`; everything else is a number as it is.
"""
import json

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

torch.set_default_dtype(torch.float64)

FEATURES, WIDTH, LATENT, ROWS = 7, 5, 3, 6
BATCH_NORM_EPSILON = 1e-3
DROPOUT = 0.2
UNIT = 1024


class Generator:
    """Integers below 2^31, x -> 1103515245 x + 12345; the upper bits are the random ones."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (1103515245 * self.state + 12345) % 2**31
        return (self.state >> 8) / 2**23

    def integers(self, low, high, count):
        return [low + int(self.uniform() * (high - low)) for _ in range(count)]

    def nearly_normal(self, count):
        """Sums of four uniforms, with variance 1."""
        return [round((sum(self.uniform() for _ in range(4)) - 2) * 3**0.5 * UNIT) for _ in range(count)]


def tensor(integers, shape):
    return torch.tensor(integers).double().reshape(shape) / UNIT


# ---------------------------------------------------------------- architectures


def dense_shapes(name, inputs, outputs):
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def norm_shapes(name, size):
    return {f"{name}/gamma": (size,), f"{name}/beta": (size,)}


def stack_shapes(name, inputs, count):
    shapes = {}
    for index in range(1, count + 1):
        shapes |= dense_shapes(f"{name}/{index}/dense", inputs, WIDTH)
        shapes |= norm_shapes(f"{name}/{index}/norm", WIDTH)
        inputs = WIDTH
    return shapes, inputs


def architecture(encoder, branch, decoder, seed):
    """Depths, and values for every parameter, mask and statistic that any case of these depths needs."""
    generator = Generator(seed)
    shapes = norm_shapes("encoder/input", FEATURES)
    shared, size = stack_shapes("encoder/shared", FEATURES, encoder)
    shapes |= shared
    for name in ("encoder/mean", "encoder/logVariance"):
        blocks, inner = stack_shapes(name, size, branch)
        shapes |= blocks | dense_shapes(f"{name}/output", inner, LATENT)
    hidden, size = stack_shapes("decoder/hidden", LATENT, decoder)
    shapes |= hidden
    shapes |= dense_shapes("decoder/mean", size, FEATURES)
    shapes |= dense_shapes("decoder/variance/dense", size, FEATURES) | norm_shapes("decoder/variance/norm", FEATURES)
    shapes |= dense_shapes("decoder/variance/output", FEATURES, FEATURES)
    shapes |= {"decoder/logVariance": (1,)}
    parameters, statistics, masks = {}, {}, {}
    for name, shape in shapes.items():
        count = torch.Size(shape).numel()
        if name.endswith("/gamma"):
            parameters[name] = generator.integers(700, 1400, count)
        elif name.endswith("/kernel"):
            limit = int(1.7 * UNIT / shape[0] ** 0.5)
            parameters[name] = generator.integers(-limit, limit, count)
        else:
            parameters[name] = generator.integers(-300, 300, count)
        if name.endswith("/norm/gamma") or name == "encoder/input/gamma":
            layer = name.removesuffix("/gamma")
            statistics[layer] = {
                "mean": generator.integers(-400, 400, count),
                "variance": generator.integers(400, 1800, count),
            }
        if name.endswith("/norm/gamma"):
            block = name.removesuffix("/norm/gamma")
            masks[block] = [int(generator.uniform() >= DROPOUT) for _ in range(ROWS * count)]
    return {
        "depths": {"encoderBlocks": encoder, "branchBlocks": branch, "decoderBlocks": decoder},
        "shapes": shapes,
        "parameters": parameters,
        "statistics": statistics,
        "masks": masks,
    }


# ---------------------------------------------------------------- the model


class Network:
    """One run: `training` normalises by the batch and drops out, else the architecture's statistics are used."""

    def __init__(self, arch, settings, training):
        self.arch, self.settings, self.training = arch, settings, training
        self.parameters = {
            name: tensor(values, arch["shapes"][name]).requires_grad_() for name, values in arch["parameters"].items()
        }
        self.observed = {}

    def dense(self, name, x):
        return F.linear(x, self.parameters[f"{name}/kernel"].T, self.parameters[f"{name}/bias"])

    def norm(self, name, x):
        gamma, beta = self.parameters[f"{name}/gamma"], self.parameters[f"{name}/beta"]
        if self.training:
            self.observed[name] = {
                "mean": x.mean(0).tolist(),
                "variance": x.var(0, unbiased=False).tolist(),
            }
            return F.batch_norm(x, None, None, gamma, beta, training=True, eps=BATCH_NORM_EPSILON)
        given = self.arch["statistics"][name]
        mean, variance = (tensor(given[key], (-1,)) for key in ("mean", "variance"))
        return F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=BATCH_NORM_EPSILON)

    def block(self, name, x):
        x = F.relu(self.norm(f"{name}/norm", self.dense(f"{name}/dense", x)))
        if not self.training or self.settings["dropout"] == 0:
            return x
        mask = torch.tensor(self.arch["masks"][name]).reshape(x.shape)
        return torch.where(mask == 1, x / (1 - self.settings["dropout"]), torch.zeros_like(x))

    def stack(self, name, x, count):
        for index in range(1, count + 1):
            x = self.block(f"{name}/{index}", x)
        return x

    def encode(self, rows):
        depths = self.arch["depths"]
        shared = self.stack("encoder/shared", self.norm("encoder/input", rows), depths["encoderBlocks"])
        branches = (
            self.dense(f"{name}/output", self.stack(name, shared, depths["branchBlocks"]))
            for name in ("encoder/mean", "encoder/logVariance")
        )
        mean, log_variance = branches
        drawn = log_variance.exp() if self.settings["sampling"] == "original" else (log_variance / 2).exp()
        return mean, log_variance, Normal(mean, drawn)

    def decode(self, latents):
        """The distribution of the rows."""
        hidden = self.stack("decoder/hidden", latents, self.arch["depths"]["decoderBlocks"])
        location = self.dense("decoder/mean", hidden)
        settings = self.settings
        match settings["likelihood"], settings["varianceHead"]:
            case "bernoulli", "none":
                return Bernoulli(logits=location, validate_args=False)  # rows may lie between 0 and 1
            case "fixedVariance", "none":
                variance = torch.tensor(settings["fixedVariance"])
            case "logVariance", "shared":
                variance = self.parameters["decoder/logVariance"].exp()
            case likelihood, _:
                raw = self.dense("decoder/variance/output", self.block("decoder/variance", hidden))
                variance = raw.exp() if likelihood == "logVariance" else F.relu(raw) + settings["varianceFloor"]
        return Normal(location, variance.sqrt().expand_as(location))

    def trained(self):
        """Names of what this case's model has and trains."""
        head = self.settings["varianceHead"]
        return [
            name
            for name in self.parameters
            if (head == "shared" or name != "decoder/logVariance")
            and (head == "trained" or not name.startswith("decoder/variance/"))
        ]


def loss_terms(network, rows, noise, kl_weight):
    mean, log_variance, drawn = network.encode(rows)
    latents = drawn.loc + drawn.scale * noise
    output = network.decode(latents)
    kl = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))  # [b, latent]
    free = network.settings["freeBits"]
    paid = torch.clamp(kl.mean(0), min=free).sum() * len(rows) if free > 0 else kl.sum()
    nll = -output.log_prob(rows).sum()
    squared = ((rows - output.mean) ** 2).sum()
    return {"loss": nll + kl_weight * paid, "nll": nll, "kl": kl.sum(), "squaredError": squared}


def rounded(values):
    return [float(f"{value:.10g}") for value in values]


def case(name, arch_name, arch, inputs, kl_weight=1.0, training=True, **changes):
    settings = {
        "likelihood": "variance",
        "varianceHead": "trained",
        "varianceFloor": 0.0625,
        "fixedVariance": 0.75,
        "varianceL2": 0.125,
        "sampling": "correct",
        "dropout": DROPOUT,
        "freeBits": 0.0,
    } | changes
    network = Network(arch, settings, training)
    bernoulli = settings["likelihood"] == "bernoulli"
    rows = tensor(inputs["pixels" if bernoulli else "features"], (ROWS, FEATURES))
    noise = tensor(inputs["noise"], (ROWS, LATENT))
    terms = loss_terms(network, rows, noise, kl_weight)
    names = network.trained()
    gradients = torch.autograd.grad(terms["loss"], [network.parameters[key] for key in names])
    result = {
        "name": name,
        "architecture": arch_name,
        "mode": "training" if training else "evaluation",
        "settings": settings,
        "klWeight": kl_weight,
        "onPixels": bernoulli,
        "terms": {key: float(f"{value.item():.12g}") for key, value in terms.items()},
        "gradients": {key: rounded(grad.flatten().tolist()) for key, grad in zip(names, gradients)},
    }
    if training:
        result["statistics"] = {
            layer: {key: rounded(values) for key, values in moments.items()}
            for layer, moments in network.observed.items()
        }
    else:
        result["pieces"] = pieces(network, rows, noise, tensor(inputs["outputNoise"], (ROWS, FEATURES)))
    return result


def pieces(network, rows, noise, output_noise):
    """What pictures and importance weights are made of, row by row."""
    with torch.no_grad():
        mean, log_variance, drawn = network.encode(rows)
        latents = drawn.loc + drawn.scale * noise
        output = network.decode(latents)
        result = {
            "posteriorMean": mean,
            "posteriorLogVariance": log_variance,
            "latents": latents,
            "logDensity": drawn.log_prob(latents).sum(1),
            "logPrior": Normal(0.0, 1.0).log_prob(latents).sum(1),
            "outputMean": output.mean,
            "outputVariance": output.variance,
            "negativeLogLikelihood": -output.log_prob(rows).sum(1),
        }
        if isinstance(output, Normal):
            result["outputDraw"] = output.mean + output.stddev * output_noise
        else:
            result["outputDraw"] = (Normal(0.0, 1.0).cdf(output_noise) < output.mean).double()
        return {key: rounded(value.flatten().tolist()) for key, value in result.items()}


def l2_case(arch, coefficient):
    """The penalty of likelihood logVariance: c |W|^2 of the output's weights, which the tree's root adds."""
    weights = tensor(arch["parameters"]["decoder/variance/output/kernel"], (FEATURES, FEATURES)).requires_grad_()
    penalty = coefficient * (weights**2).sum()
    penalty.backward()
    return {"coefficient": coefficient, "penalty": penalty.item(), "gradient": rounded(weights.grad.flatten().tolist())}


def main():
    generator = Generator(2017)
    inputs = {
        "features": generator.nearly_normal(ROWS * FEATURES),
        "pixels": [4 * value for value in generator.integers(0, 257, ROWS * FEATURES)],  # 0 and 1 included
        "noise": generator.nearly_normal(ROWS * LATENT),
        "outputNoise": generator.nearly_normal(ROWS * FEATURES),
    }
    deep, flat = architecture(2, 1, 2, seed=1), architecture(0, 0, 0, seed=2)
    plan = [
        ("variance, trained head", {}),
        ("variance, frozen head", {"varianceHead": "frozen"}),
        ("log-variance, trained head", {"likelihood": "logVariance"}),
        ("log-variance, shared", {"likelihood": "logVariance", "varianceHead": "shared"}),
        ("fixed variance", {"likelihood": "fixedVariance", "varianceHead": "none"}),
        ("Bernoulli", {"likelihood": "bernoulli", "varianceHead": "none"}),
        ("the post's sampling", {"sampling": "original"}),
    ]
    training_only = [
        ("weight of KL", {"kl_weight": 0.25}),
        ("free bits", {"freeBits": 0.5625}),
        ("free bits and weight of KL", {"freeBits": 0.5625, "kl_weight": 0.5, "sampling": "original"}),
        ("without dropout", {"dropout": 0.0}),
    ]
    cases = [case(name, "deep", deep, inputs, **changes) for name, changes in plan + training_only]
    cases += [case(f"{name}, evaluated", "deep", deep, inputs, training=False, **changes) for name, changes in plan]
    cases += [
        case("no hidden layer", "flat", flat, inputs),
        case("no hidden layer, evaluated", "flat", flat, inputs, training=False),
    ]
    golden = {
        "madeBy": f"test/golden/vae.py with PyTorch {torch.__version__.split('+')[0]}",
        "features": FEATURES,
        "width": WIDTH,
        "latent": LATENT,
        "rows": ROWS,
        "inputs1024": inputs,
        "architectures": {
            name: {
                "depths": arch["depths"],
                "parameters1024": arch["parameters"],
                "statistics1024": arch["statistics"],
                "masks": arch["masks"],
            }
            for name, arch in (("deep", deep), ("flat", flat))
        },
        "l2": l2_case(deep, 0.125),
        "cases": cases,
    }
    print(json.dumps(golden, separators=(",", ":")))


main()

"""The peer in PyTorch: one process, or several under DistributedDataParallel over gloo.

    python peer_torch.py train --inputs inputs.safetensors --batch-size 500 --threads 1 --processes 2

Written as a careful user would: modules of torch.nn, fused Adam, gradients as views of DDP's buckets, and no
synchronisation of batch norm's running statistics.
"""

import os
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from peer import Inputs, answer, batches, norm_of, read_arguments, read_inputs, seconds_of

BATCH_NORM = {"eps": 1e-3, "momentum": 0.01}


def block(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, outputs),
        nn.BatchNorm1d(outputs, **BATCH_NORM),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
    )


def stack(inputs: int, width: int, count: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(*(block(inputs if i == 0 else width, width, dropout) for i in range(count)))


class Vae(nn.Module):
    """Keng's variational autoencoder; `forward` gives the loss, the mean over rows."""

    def __init__(self, settings: dict, draws: bool):
        super().__init__()
        features, width, latent = settings["features"], settings["width"], settings["latent"]
        dropout = settings["dropout"] if draws else 0.0
        branch = lambda: nn.Sequential(
            *stack(width, width, settings["branchBlocks"], dropout), nn.Linear(width, latent)
        )
        self.draws = draws
        self.floor = settings["varianceFloor" if draws else "agreementFloor"]
        self.input = nn.BatchNorm1d(features, **BATCH_NORM)
        self.shared = stack(features, width, settings["encoderBlocks"], dropout)
        self.mean = branch()
        self.log_variance = branch()
        self.hidden = stack(latent, width, settings["decoderBlocks"], dropout)
        self.location = nn.Linear(width, features)
        self.variance = nn.Sequential(*block(width, features, dropout), nn.Linear(features, features))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        shared = self.shared(self.input(rows))
        mean, log_variance = self.mean(shared), self.log_variance(shared)
        latents = mean
        if self.draws:
            latents = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        hidden = self.hidden(latents)
        variance = torch.relu(self.variance(hidden)) + self.floor
        distance = torch.square(rows - self.location(hidden)) / variance
        constant = rows.shape[1] * torch.log(torch.tensor(2 * torch.pi))
        nll = 0.5 * (constant + torch.sum(torch.log(variance) + distance, dim=1))
        kl = -0.5 * torch.sum(1 + log_variance - torch.square(mean) - torch.exp(log_variance), dim=1)
        return torch.mean(nll + kl)

    def layers(self):
        """Every layer that has parameters, with Lockstep's name of it."""
        yield "encoder/input", self.input
        yield from named_blocks("encoder/shared", self.shared)
        for name, branch in (("encoder/mean", self.mean), ("encoder/logVariance", self.log_variance)):
            yield from named_blocks(name, branch[:-1])
            yield f"{name}/output", branch[-1]
        yield from named_blocks("decoder/hidden", self.hidden)
        yield "decoder/mean", self.location
        yield "decoder/variance/dense", self.variance[0]
        yield "decoder/variance/norm", self.variance[1]
        yield "decoder/variance/output", self.variance[-1]


def named_blocks(name: str, blocks):
    for index, (dense, norm, *_) in enumerate(blocks, start=1):
        yield f"{name}/{index}/dense", dense
        yield f"{name}/{index}/norm", norm


def create_model(inputs: Inputs, draws: bool) -> Vae:
    model = Vae(inputs.settings, draws).train()
    left = dict(inputs.parameters)
    with torch.no_grad():
        for name, layer in model.layers():
            dense = isinstance(layer, nn.Linear)
            weight = torch.from_numpy(left.pop(f"{name}/{'kernel' if dense else 'gamma'}"))
            layer.weight.copy_(weight.T if dense else weight)
            layer.bias.copy_(torch.from_numpy(left.pop(f"{name}/{'bias' if dense else 'beta'}")))
    assert not left, f"not in this model: {sorted(left)}"
    return model


def parameter_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def agree(arguments, inputs: Inputs) -> None:
    model = create_model(inputs, draws=False)
    loss = model(torch.from_numpy(inputs.features[: arguments.batch_size]))
    loss.backward()
    gradients = [parameter.grad.numpy() for parameter in model.parameters()]
    answer(
        parameterCount=parameter_count(model),
        loss=loss.item(),
        gradientNorm=norm_of(gradients),
        version=f"PyTorch {torch.__version__}",
    )


def train(rank: int, arguments, meeting: str) -> None:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(rank)
    inputs = read_inputs(arguments.inputs)
    model = create_model(inputs, draws=True)
    processes = arguments.processes
    if processes > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting}", rank=rank, world_size=processes
        )
        network = DistributedDataParallel(
            model, forward_sync_buffers=False, gradient_as_bucket_view=True, static_graph=True
        )
    else:
        network = model
    if arguments.compile:
        network = torch.compile(network)
    adam = inputs.settings["adam"]
    optimiser = torch.optim.Adam(
        model.parameters(),
        lr=adam["learningRate"],
        betas=(adam["beta1"], adam["beta2"]),
        eps=adam["epsilon"],
        fused=True,
    )
    size = arguments.batch_size
    rows = (torch.from_numpy(b) for b in batches(inputs.features, size, rank * size, processes * size))

    def step() -> None:
        optimiser.zero_grad(set_to_none=processes == 1)
        loss = network(next(rows))
        loss.backward()
        optimiser.step()

    seconds = seconds_of(step, arguments.warm_up_steps, arguments.steps)
    if rank == 0:
        answer(
            parameterCount=parameter_count(model),
            samplesPerSecond=arguments.steps * size * processes / seconds,
            version=f"PyTorch {torch.__version__}",
        )
    if processes > 1:
        torch.distributed.destroy_process_group()


def main() -> None:
    arguments = read_arguments()
    if arguments.task == "agree":
        torch.set_num_threads(arguments.threads)
        return agree(arguments, read_inputs(arguments.inputs))
    if arguments.processes == 1:
        return train(0, arguments, "")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(
            train, args=(arguments, str(Path(folder) / "meeting")), nprocs=arguments.processes
        )


if __name__ == "__main__":
    main()

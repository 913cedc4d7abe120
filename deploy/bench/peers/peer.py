"""What both peers share: the command line, the inputs that Lockstep wrote, the stopwatch, and the answer.

A peer trains the model of the inputs file on rows that are already in memory as float32 principal components, and
prints one JSON object. `agree` computes one gradient with all draws off, so that whoever compares can see that
both do the same work; `train` times steps of Adam.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open


@dataclass(frozen=True)
class Inputs:
    parameters: dict[str, np.ndarray]  # by Lockstep's names
    features: np.ndarray  # [N, K] float32
    settings: dict  # depths, rates and Adam's constants


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["agree", "train"])
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="of each process")
    parser.add_argument("--threads", type=int, required=True, help="of each process")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--warm-up-steps", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--compile", action="store_true", help="compile the graph: torch.compile, or XLA")
    return parser.parse_args()


def read_inputs(path: Path) -> Inputs:
    with safe_open(path, framework="np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
        settings = json.loads(file.metadata()["settings"])
    features = arrays.pop("features")
    return Inputs(arrays, features, settings)


def batches(features: np.ndarray, size: int, first: int = 0, stride: int | None = None):
    """Endless slices of `size` rows, without a copy; `stride` rows from one to the next."""
    row = first
    while True:
        if row + size > len(features):
            row = first
        yield features[row : row + size]
        row += stride or size


def seconds_of(step, warm_up_steps: int, steps: int) -> float:
    """Seconds of `steps` calls, after some that do not count. `step` returns when its work is done."""
    for _ in range(warm_up_steps):
        step()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - began


def norm_of(gradients) -> float:
    """The Euclidean norm of a list of arrays, in float64."""
    return float(np.sqrt(sum(np.square(g.astype(np.float64)).sum() for g in gradients)))


def answer(**fields) -> None:
    print(json.dumps(fields))
    sys.stdout.flush()

"""Where a training step of the CNN of 3x3 spends its time, layer by layer."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from benchmarks.cases import batch, cnn_nnref, cnn_torch, tensor

LAYERS = [
    "conv 3x3, 1->16",
    "ReLU, 16 channels",
    "max pool, 16 channels",
    "conv 3x3, 16->32",
    "ReLU, 32 channels",
    "max pool, 32 channels",
    "flatten",
    "dense",
]
ROWS = [*LAYERS, "loss", "update"]
ROUNDS = 60


class Clock:
    """Milliseconds of calls, by name."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, int], list[float]] = defaultdict(list)

    def __call__(self, name: str, part: int, call: Callable[[], Any]) -> Any:
        """Time a call that belongs to the forward (0) or backward (1) pass."""
        start = time.perf_counter()
        result = call()
        self.times[name, part].append(1e3 * (time.perf_counter() - start))
        return result

    def medians(self) -> dict[str, list[float]]:
        return {
            name: [statistics.median(self.times.get((name, i), [0.0])) for i in (0, 1)]
            for name in ROWS
        }


def of_nnref(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return milliseconds of the forward and the backward pass of each layer."""
    import nnref as nn

    (model, optimizer), (x, y), clock = cnn_nnref(), batch(64, 1, 28, 28), Clock()

    def step() -> None:
        h = x
        for name, layer in zip(LAYERS, model.layers, strict=True):
            h = clock(name, 0, lambda layer=layer, h=h: layer.forward(h, True))
        clock("loss", 0, lambda: nn.softmax_cross_entropy(h, y))
        d = clock("loss", 1, lambda: nn.softmax_cross_entropy_backward(1.0, h, y))
        for name, layer in [*zip(LAYERS, model.layers, strict=True)][:0:-1]:
            d = clock(name, 1, lambda layer=layer, d=d: layer.backward(d))
        clock(LAYERS[0], 1, lambda: model.layers[0].backward_params(d))
        clock("update", 1, lambda: optimizer.step(model.params, model.grads))

    for _ in range(rounds):
        step()
    return clock.medians()


def of_torch(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the same for PyTorch, whose graph is cut between the layers."""
    import torch

    (model, optimizer), clock = cnn_torch(), Clock()
    x, y = map(tensor, batch(64, 1, 28, 28))
    loss = torch.nn.functional.cross_entropy

    def step() -> None:
        optimizer.zero_grad()
        h, passed = x, []
        for name, layer in zip(LAYERS, model, strict=True):
            start = h.detach().requires_grad_(name != LAYERS[0])
            h = clock(name, 0, lambda layer=layer, start=start: layer(start))
            passed.append((name, start, h))
        start = h.detach().requires_grad_()
        value = clock("loss", 0, lambda: loss(start, y))
        clock("loss", 1, value.backward)
        for name, before, after in reversed(passed):
            d = start.grad
            clock(name, 1, lambda after=after, d=d: after.backward(d))
            start = before
        clock("update", 1, optimizer.step)

    for _ in range(rounds):
        step()
    return clock.medians()

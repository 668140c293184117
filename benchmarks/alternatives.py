"""What else could be done: work as nnref does it, and the same done otherwise.

Most would be faster and cost the reader more, some are what a reader might try first;
how much each gains or loses is measured, so that this can be judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nnref as nn
from benchmarks.cases import (
    F32,
    Work,
    batch,
    cnn_nnref,
    cross_entropy,
    dense,
    gradients_nnref,
    mlp_nnref,
    normal,
    step_nnref,
)
from nnref._engines.convolution import _add_back, kernel_gradient
from nnref.convolution import _arguments

# With these, the C library of Linux gives no memory back to the system.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**29),
    "MALLOC_TOP_PAD_": str(2**26),
}


@dataclass(frozen=True)
class Alternative:
    """The same work as nnref does it, and otherwise, with the environment for that."""

    name: str
    nnref: Callable[[], Work]
    instead: Callable[[], Work]
    environment: dict[str, str] = field(default_factory=dict)


def images() -> tuple[np.ndarray, np.ndarray]:
    return batch(64, 1, 28, 28)


def cnn_step() -> Work:
    model, optimizer = cnn_nnref()
    x, y = images()
    return lambda: step_nnref(model, optimizer, x, y)


def cnn_step_in_threads() -> Work:
    """Half of the batch in each of two threads, with copies that share parameters."""
    (model, optimizer), (other, _) = cnn_nnref(), cnn_nnref()
    for a, b in zip(model.layers, other.layers, strict=True):
        b._params = a._params
    x, y = images()
    halves = (model, other), (x[:32], x[32:]), (y[:32], y[32:])
    pool = ThreadPoolExecutor(2)

    def work() -> Any:
        (loss, grads), (other_loss, more) = pool.map(gradients_nnref, *halves)
        mean = {name: (g + more[name]) / 2 for name, g in grads.items()}
        optimizer.step(model.params, mean)
        return (loss + other_loss) / 2

    return work


def cnn_step_float64() -> Work:
    model, optimizer = cnn_nnref()
    for layer in model.layers:
        layer._params = {name: a.astype(np.float64) for name, a in layer.params.items()}
    x, y = images()
    x = x.astype(np.float64)
    return lambda: step_nnref(model, optimizer, x, y)


def mlp_step() -> Work:
    model, optimizer = mlp_nnref()
    x, y = batch(32, 64)
    return lambda: step_nnref(model, optimizer, x, y)


def mlp_step_bare() -> Work:
    """Without layers and checks: the formulas alone, and the softmax taken once."""
    model, optimizer = mlp_nnref()
    w1, b1, w2, b2 = model.params.values()
    lr, every = optimizer.lr, np.arange(32)
    x, y = batch(32, 64)

    def work() -> Any:
        z1 = x @ w1 + b1
        a1 = np.maximum(z1, 0)
        z2 = a1 @ w2 + b2
        shifted = z2 - z2.max(axis=1, keepdims=True)
        p = np.exp(shifted)
        total = p.sum(axis=1)
        loss = np.mean(np.log(total) - shifted[every, y])
        p /= total[:, None]
        p[every, y] -= 1
        p /= len(x)
        dz1 = p @ w2.T * (z1 > 0)
        for theta, g in (
            (w2, a1.T @ p),
            (b2, p.sum(axis=0)),
            (w1, x.T @ dz1),
            (b1, dz1.sum(axis=0)),
        ):
            theta -= lr * g
        return loss

    return work


def adam_step() -> Work:
    optimizer = nn.Adam(1e-3)
    params, grads = ({"w": normal(1000, 1000, seed=i)} for i in (0, 1))

    def work() -> Any:
        optimizer.step(params, grads)
        return params["w"]

    return work


def adam_step_in_place() -> Work:
    """The same formulas without a new array."""
    theta, g = normal(1000, 1000), normal(1000, 1000, seed=1)
    m, s, room = np.zeros_like(g), np.zeros_like(g), np.empty_like(g)
    steps = itertools.count(1)

    def work() -> Any:
        step = next(steps)
        np.multiply(g, 0.1, out=room)
        np.multiply(m, 0.9, out=m)
        np.add(m, room, out=m)
        np.multiply(g, g, out=room)
        np.multiply(room, 0.001, out=room)
        np.multiply(s, 0.999, out=s)
        np.add(s, room, out=s)
        np.divide(s, 1 - 0.999**step, out=room)
        np.sqrt(room, out=room)
        np.add(room, 1e-8, out=room)
        np.divide(m, room, out=room)
        np.multiply(room, 1e-3 / (1 - 0.9**step), out=room)
        np.subtract(theta, room, out=theta)
        return theta

    return work


def loss_and_gradient_at_once() -> Work:
    """One function that takes the softmax once for both, a few rows at a time."""
    z, y = normal(1024, 1000), np.random.default_rng(1).integers(1000, size=1024)

    def work() -> Any:
        dz, loss, every = np.empty_like(z), 0.0, np.arange(64)
        for i in range(0, len(z), 64):
            rows, some = slice(i, i + 64), y[i : i + 64]
            p = np.subtract(z[rows], z[rows].max(axis=1, keepdims=True), out=dz[rows])
            loss -= p[every, some].sum()
            np.exp(p, out=p)
            total = p.sum(axis=1, keepdims=True)
            loss += np.log(total).sum()
            p /= total * len(z)
            p[every, some] -= 1 / len(z)
        return loss / len(z), dz

    return work


def relu() -> Work:
    x = normal(64, 16, 28, 28)
    return lambda: nn.relu(x)


def relu_in_place() -> Work:
    x = normal(64, 16, 28, 28)
    return lambda: np.maximum(x, 0, out=x)


def relu_gradient() -> Work:
    x, dy = normal(64, 16, 28, 28), normal(64, 16, 28, 28, seed=1)
    return lambda: nn.relu_backward(dy, x)


def relu_gradient_where() -> Work:
    x, dy = normal(64, 16, 28, 28), normal(64, 16, 28, 28, seed=1)
    return lambda: np.where(x > 0, dy, 0)


def conv_backward() -> Work:
    x, w, dy = normal(64, 16, 14, 14), normal(32, 16, 5, 5), normal(64, 32, 14, 14)
    return lambda: nn.conv2d_backward(dy, x, w, padding=2)[:2]


def conv_backward_added() -> Work:
    """The gradient of the image by adding back, as it is made for a stride."""
    x, w, dy = normal(64, 16, 14, 14), normal(32, 16, 5, 5), normal(64, 32, 14, 14)
    arguments = _arguments(x, w, stride=1, padding=2, dilation=1, groups=1)

    def work() -> Any:
        return _add_back(dy, *arguments), kernel_gradient(dy, *arguments)

    return work


def conv() -> Work:
    x, w = normal(32, 16, 32, 32), normal(32, 16, 3, 3)
    return lambda: nn.conv2d(x, w, padding=1)


def conv_products() -> Work:
    """The matrix products alone, an image at a time, of matrices that are there."""
    kernels, matrix = normal(32, 144), normal(144, 32 * 32)
    out = np.empty((32, 32 * 32), F32)

    def work() -> Any:
        for _ in range(32):
            np.matmul(kernels, matrix, out=out)
        return out

    return work


def dense_products() -> Work:
    """The matrix products of two dense layers, forward and backward, alone."""
    x, w1, w2 = normal(128, 784), normal(784, 256), normal(256, 10)
    a1, dz1, dy = normal(128, 256), normal(128, 256), normal(128, 10)

    def work() -> Any:
        return x @ w1, a1 @ w2, dy @ w2.T, a1.T @ dy, dz1 @ w1.T, x.T @ dz1

    return work


ALTERNATIVES = [
    Alternative(
        "memory that is freed is kept for the next step: CNN step",
        cnn_step,
        cnn_step,
        environment=KEEP_MEMORY,
    ),
    Alternative(
        "half of the batch in each of two threads: CNN step",
        cnn_step,
        cnn_step_in_threads,
    ),
    Alternative("float64 instead of float32: CNN step", cnn_step, cnn_step_float64),
    Alternative(
        "formulas alone, no layers, no checks: digits MLP step",
        mlp_step,
        mlp_step_bare,
    ),
    Alternative(
        "loss and gradient in one function: 1024x1000",
        cross_entropy().nnref,
        loss_and_gradient_at_once,
    ),
    Alternative(
        "no temporary arrays: Adam, a million parameters", adam_step, adam_step_in_place
    ),
    Alternative("written over its input: ReLU", relu, relu_in_place),
    Alternative(
        "np.where instead of a product: ReLU backward",
        relu_gradient,
        relu_gradient_where,
    ),
    Alternative(
        "image gradient added back: conv 5x5, 16->32, backward",
        conv_backward,
        conv_backward_added,
    ),
    Alternative(
        "matrix products alone: conv 3x3, 16->32, forward",
        conv,
        conv_products,
    ),
    Alternative(
        "matrix products alone: dense 784-256-10, f+b",
        dense().nnref,
        dense_products,
    ),
]

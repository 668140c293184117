"""Times a gradient by one process and by two of a Dask cluster, for the page on it.

`python -m benchmarks.data_parallel` prints medians over rounds that take turns, so that
a drift of the machine's speed meets both.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

import nnref

LOSS = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward


def mlp(width: int) -> nnref.Sequential:
    """A network with one hidden layer."""
    rng = np.random.default_rng(0)
    first, last = nnref.Dense(64, width, rng), nnref.Dense(width, 10, rng)
    return nnref.Sequential(first, nnref.ReLU(), last)


def cnn() -> nnref.Sequential:
    """Two convolutions, 16 and 32 channels."""
    rng = np.random.default_rng(0)
    return nnref.Sequential(
        nnref.Conv2D(1, 16, 3, rng, padding=1),
        nnref.ReLU(),
        nnref.Conv2D(16, 32, 3, rng, padding=1),
        nnref.ReLU(),
        nnref.GlobalAvgPool2D(),
        nnref.Dense(32, 10, rng),
    )


def seconds(call: Callable[..., object], *arguments: object) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def main(rounds: int = 30) -> None:
    """Print a line for each network."""
    from distributed import Client

    flat, images = nnref.digits(), nnref.digits(images=True)
    cases = {
        "MLP 64-32-10, 1,437 digits": (mlp(32), flat.x_train, flat.y_train),
        "MLP 64-32-10, 2 digits": (mlp(32), flat.x_train[:2], flat.y_train[:2]),
        "MLP 64-13000-10, 2 digits": (mlp(13_000), flat.x_train[:2], flat.y_train[:2]),
        "CNN 16-32, 1,437 digits": (cnn(), images.x_train, images.y_train),
    }
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=":0") as client:
        for name, (model, x, y) in cases.items():
            spread = nnref.DataParallel(client, model, LOSS)
            spread(x, y)
            alone, two = [], []
            for _ in range(rounds):
                alone.append(seconds(nnref.loss_and_gradient, model, x, y, LOSS))
                two.append(seconds(spread, x, y))
            count = sum(p.size for p in model.params.values())
            t, s = statistics.median(alone), statistics.median(two)
            ratio = statistics.median(a / b for a, b in zip(alone, two, strict=True))
            print(
                f"{name:<28} {count:>9,} parameters, one process {1e3 * t:7.1f} ms, "
                f"two {1e3 * s:7.1f} ms, speed-up {ratio:.2f}"
            )


if __name__ == "__main__":
    main()

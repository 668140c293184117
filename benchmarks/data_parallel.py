"""Times a gradient by one process and by two of a Dask cluster, for the page on it.

`python -m benchmarks.data_parallel` writes medians over rounds in which both take
turns, so that a drift of the machine's speed meets both: with the settings that Dask
gives its workers, and with memory that is kept from one step to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import nnref
from benchmarks import report
from benchmarks.alternatives import KEEP_MEMORY

LOSS = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


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


class Case(NamedTuple):
    """A network, how many digits its gradient is of, and rounds of a run."""

    network: Callable[[], nnref.Sequential]
    digits: int | None
    rounds: int
    images: bool = False


CASES = {
    "MLP, 2 digits": Case(lambda: mlp(32), 2, 30),
    "wide MLP, 2 digits": Case(lambda: mlp(13_000), 2, 15),
    "MLP, all digits": Case(lambda: mlp(32), None, 30),
    "CNN, all digits": Case(cnn, None, 15, images=True),
}
# Shown once more, with memory kept: in small networks that changes little.
KEPT = {"CNN, all digits": "CNN, memory kept"}
RUNS = 3


def milliseconds(call: Callable[..., object], *arguments: object) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call(*arguments)
    return 1e3 * (time.perf_counter() - start)


def measure() -> dict[str, list[list[float]]]:
    """Return for each case the rounds: by one process, by two."""
    from distributed import Client

    found = {}
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=":0") as client:
        for name, case in CASES.items():
            data, model = nnref.digits(images=case.images), case.network()
            x, y = data.x_train[: case.digits], data.y_train[: case.digits]
            spread = nnref.DataParallel(client, model, LOSS)
            spread(x, y)
            found[name] = [
                [
                    milliseconds(nnref.loss_and_gradient, model, x, y, LOSS),
                    milliseconds(spread, x, y),
                ]
                for _ in range(case.rounds)
            ]
    return found


def main() -> None:
    """Measure in processes of their own, in turn, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.data_parallel", description=__doc__
    )
    parser.add_argument("--measure", action="store_true", help="once, and print JSON")
    if parser.parse_args().measure:
        print(json.dumps(measure()))
        return
    taken = defaultdict(list)
    for _ in range(RUNS):
        for kept, settings in ((False, {}), (True, KEEP_MEMORY)):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.data_parallel", "--measure"],
                env=os.environ | ONE_THREAD | settings,
                stdout=subprocess.PIPE,
                check=True,
            )
            for name, rounds in json.loads(done.stdout).items():
                if title := KEPT.get(name) if kept else name:
                    taken[name, title] += rounds
    results = {}
    for (name, title), rounds in taken.items():
        case = CASES[name]
        count = sum(p.size for p in case.network().params.values())
        sent = nnref.digits().x_train[: case.digits].size
        times = [statistics.median(t) for t in zip(*rounds, strict=True)]
        print(f"{title:<20} {times[0]:7.1f} {times[1]:7.1f}")
        results[title] = [count, sent, *times]
    report.write({"parallel": results})


if __name__ == "__main__":
    main()

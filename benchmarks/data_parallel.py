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

import numpy as np

import nnref
from benchmarks import report
from benchmarks.alternatives import KEEP_MEMORY

LOSS = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# By name: rounds of a run, and how many digits the gradient is of.
CASES = {
    "MLP, 2 digits": (30, 2),
    "wide MLP, 2 digits": (15, 2),
    "MLP, all digits": (30, None),
    "CNN, all digits": (15, None),
}
RUNS = 3


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


def network(name: str) -> nnref.Sequential:
    """The network of a case."""
    return cnn() if name[:3] == "CNN" else mlp(13_000 if name[:4] == "wide" else 32)


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
        for name, (rounds, count) in CASES.items():
            data, model = nnref.digits(images=name[:3] == "CNN"), network(name)
            x, y = data.x_train[:count], data.y_train[:count]
            spread = nnref.DataParallel(client, model, LOSS)
            spread(x, y)
            found[name] = [
                [
                    milliseconds(nnref.loss_and_gradient, model, x, y, LOSS),
                    milliseconds(spread, x, y),
                ]
                for _ in range(rounds)
            ]
    return found


def main() -> None:
    """Measure in processes of their own, in turn, and write the page."""
    command = "python -m benchmarks.data_parallel"
    parser = argparse.ArgumentParser(prog=command, description=__doc__)
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
                taken[name, kept] += rounds
    results = {}
    for (name, kept), rounds in taken.items():
        alone, two = (statistics.median(times) for times in zip(*rounds, strict=True))
        print(f"{name:<20} {'kept' if kept else '':<5} {alone:7.1f} {two:7.1f}")
        if kept and name[:3] != "CNN":
            continue  # too small for a difference to show
        samples = nnref.digits().x_train[: CASES[name][1]].size
        count = sum(p.size for p in network(name).params.values())
        title = f"{name[:3]}, memory kept" if kept else name
        results[title] = [count, samples, round(alone, 1), round(two, 1)]
    report.write(report.load() | {"parallel": results})


if __name__ == "__main__":
    main()

"""What the checked and fast versions gain over the plain ones, in milliseconds.

`python -m doctools.plain_speed` measures anew and writes `plain_speed.toml`; listings
quote it. Each time is the least of many, with one thread, in float32.
"""

# ruff: noqa: RUF001 - pages say it with that sign
from __future__ import annotations

import argparse
import datetime
import os
import time
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from doctools.translations.language import say

FILE = Path(__file__).with_suffix(".toml")

IMAGES = "32 images of 16 channels and 28×28 pixels"
ROWS = "1,024 rows of 1,000 logits"
NUMBERS = "100,000 numbers"
# The operations measured, each with what it is measured on.
ON = {
    **dict.fromkeys(("conv2d", "conv2d_backward"), f"{IMAGES}, 32 kernels of 3×3"),
    **dict.fromkeys(("max_pool2d", "max_pool2d_backward"), f"{IMAGES}, windows of 2×2"),
    **dict.fromkeys(("avg_pool2d", "avg_pool2d_backward"), f"{IMAGES}, windows of 2×2"),
    **dict.fromkeys(("batch_norm", "batch_norm_backward"), IMAGES),
    **dict.fromkeys(("layer_norm", "layer_norm_backward"), "1,024 rows of 1,000"),
    **dict.fromkeys(("softmax", "softmax_backward"), ROWS),
    **dict.fromkeys(("log_softmax", "log_softmax_backward"), ROWS),
    **dict.fromkeys(("softmax_cross_entropy", "softmax_cross_entropy_backward"), ROWS),
    **dict.fromkeys(
        (
            name + end
            for name in ("sigmoid", "tanh", "relu", "elu", "softplus", "gelu", "silu")
            for end in ("", "_backward")
        ),
        NUMBERS,
    ),
    **dict.fromkeys(("dense", "dense_backward"), "128 rows, 784 inputs, 256 outputs"),
}


def sentence(name: str) -> str:
    """Say how long both took, '' if nobody has measured it."""
    found = times().get(name)
    if found is None:
        return ""
    fast, plain = (f"{value:.2g}" if value < 10 else f"{value:.0f}" for value in found)
    return say(
        "On {what} it took {fast} ms, the plain one {plain} ms.",
        what=say(ON[name]),
        fast=fast,
        plain=plain,
    )


def is_faster(name: str) -> bool:
    """Whether the version of the package was faster by a fifth or more."""
    fast, plain = times().get(name, (1.0, 1.0))
    return fast <= 0.8 * plain


@cache
def times() -> dict[str, tuple[float, float]]:
    """Milliseconds of nnref and of nnref.plain by name, as they were measured."""
    stored = tomllib.loads(FILE.read_text(encoding="utf-8"))["milliseconds"]
    return {name: (fast, plain) for name, (fast, plain) in stored.items()}


def measure(name: str, *, rounds: int = 15) -> tuple[float, float]:
    """Milliseconds of nnref and of nnref.plain now, one after the other."""
    import nnref
    from nnref import plain

    arguments, options = _case(name)
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for i, package in enumerate((nnref, plain)):
            best[i] = min(best[i], _once(getattr(package, name), arguments, options))
    return best[0], best[1]


def _once(
    f: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> float:
    start = time.perf_counter()
    f(*arguments, **options)
    return 1000 * (time.perf_counter() - start)


def _case(name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import numpy as np

    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return rng.normal(size=shape).astype(np.float32)

    operation, backward = name.removesuffix("_backward"), name.endswith("_backward")
    options: dict[str, Any] = {}
    if ON[name].startswith(IMAGES):
        arguments: tuple[Any, ...] = (normal(32, 16, 28, 28),)
        y = normal(32, 16, 28, 28)
        if operation == "conv2d":
            arguments += (normal(32, 16, 3, 3), normal(32))
            y, options = normal(32, 32, 28, 28), {"padding": 1}
        elif operation == "batch_norm":
            arguments += (normal(16), normal(16))
        else:
            arguments += (2,)
            y = normal(32, 16, 14, 14)
    elif operation == "dense":
        arguments = normal(128, 784), normal(784, 256), normal(256)
        y = normal(128, 256)
    elif ON[name] == NUMBERS:
        arguments, y = (normal(100_000),), normal(100_000)
    else:
        arguments, y = (normal(1024, 1000),), normal(1024, 1000)
        if operation == "softmax_cross_entropy":
            arguments += (rng.integers(1000, size=1024),)
            y = np.float32(1)
        elif operation == "layer_norm":
            arguments += (normal(1000), normal(1000))
    return ((y, *arguments) if backward else arguments), options


def main() -> None:
    """Measure all and write the file."""
    argparse.ArgumentParser(
        prog="python -m doctools.plain_speed", description=__doc__
    ).parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        raise SystemExit(
            "set OPENBLAS_NUM_THREADS=1: the times are those of one thread"
        )
    rows = []
    for name in ON:
        fast, plain = measure(name)
        rows.append(f"{name} = [{fast:.3g}, {plain:.3g}]")
        print(rows[-1])
    today = datetime.datetime.now(tz=datetime.UTC).date()
    head = f"# nnref and nnref.plain, by python -m doctools.plain_speed on {today}\n"
    body = "[milliseconds]\n" + "\n".join(rows) + "\n"
    FILE.write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    main()

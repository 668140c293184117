"""The scripts on the page "From scratch in one file": alone, and beside nnref."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnref
from doctools import pages

PAGE = pages.DOCS / "concepts" / "from-scratch.md"
SCRIPTS = [
    block
    for block in pages.blocks(PAGE.read_text(encoding="utf-8"))
    if "def start" in block.code
]
# Python with NumPy and nothing else outside the standard library.
ALONE = """
import sys

class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != "numpy" and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{name} is not there", name=name)

sys.meta_path.insert(0, OnlyNumPy())
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), {"__name__": "__main__"})
"""


def run_alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, "script.py"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )


def mlp(rng: np.random.Generator) -> nnref.Sequential:
    first, second = nnref.Dense(64, 100, rng), nnref.Dense(100, 10, rng)
    return nnref.Sequential(first, nnref.ReLU(), second)


def cnn(rng: np.random.Generator) -> nnref.Sequential:
    return nnref.Sequential(
        nnref.Conv2D(1, 6, 3, rng, padding=1),
        nnref.ReLU(),
        nnref.Conv2D(6, 12, 3, rng, padding=1),
        nnref.ReLU(),
        nnref.MaxPool2D(2),
        nnref.Flatten(),
        nnref.Dense(192, 10, rng),
    )


Case = tuple[
    pages.Block,
    Callable[[np.random.Generator], nnref.Sequential],
    nnref.SGD | nnref.Adam,
    dict[str, int],
]
CASES: list[Case] = [
    (SCRIPTS[0], mlp, nnref.SGD(0.05, momentum=0.9), {"epochs": 20, "batch_size": 32}),
    (SCRIPTS[1], cnn, nnref.Adam(0.01), {"epochs": 3, "batch_size": 16}),
]


@pytest.mark.parametrize("script", SCRIPTS, ids=["mlp", "cnn"])
def test_script_runs_with_numpy_alone(script: pages.Block, tmp_path: Path) -> None:
    done = run_alone(script.code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert script.output is not None
    assert done.stdout == script.output.text


def test_page_says_how_long_they_are() -> None:
    mlp_lines, cnn_lines = (len(script.code.splitlines()) for script in SCRIPTS)
    words = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"(MLP) takes {mlp_lines} lines" in words
    assert f"(CNN) {cnn_lines}:" in words


@pytest.mark.parametrize("module", ["nnref", "matplotlib"])
def test_nothing_else_can_be_imported(module: str, tmp_path: Path) -> None:
    done = run_alone(f"import numpy\nimport {module}\n", tmp_path)
    assert f"{module} is not there" in done.stderr


Steps = list[tuple[float, list[np.ndarray]]]


def steps_of_script(code: str) -> Steps:
    """Loss and parameters before each step of the first training."""
    tree = ast.parse(code)
    loop = tree.body[-1]
    assert isinstance(loop, ast.For)
    tree.body.pop()
    space: dict[str, Any] = {}
    exec(compile(tree, "script", "exec"), space)
    steps: Steps = []
    original = space["gradients"]

    def recorded(x: np.ndarray, y: np.ndarray, p: dict[str, np.ndarray]) -> Any:
        loss, g = original(x, y, p)
        steps.append((loss, [value.ravel().copy() for value in p.values()]))
        return loss, g

    space["gradients"] = recorded
    rng = np.random.default_rng(0)
    x, y = space["draw"](2000, rng)
    p = space["start"](rng)
    space["train"](x, y, p, rng)
    steps.append((np.nan, [value.ravel() for value in p.values()]))
    return steps


class Recorded:
    """An optimizer, and the parameters before each of its steps."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.params: list[list[np.ndarray]] = []

    def step(self, params: Any, grads: Any) -> None:
        self.params.append([value.ravel().copy() for value in params.values()])
        self.optimizer.step(params, grads)


def steps_of_nnref(case: Case) -> Steps:
    script, build, optimizer, settings = case
    space: dict[str, Any] = {}
    exec(script.code[: script.code.index("def start")], space)
    rng = np.random.default_rng(0)
    x, y = space["draw"](2000, rng)
    model, recorded = build(rng), Recorded(optimizer)
    loss = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
    history = nnref.fit(
        *(model, x, y),
        loss=loss,
        optimizer=recorded,
        rng=rng,
        progress=False,
        **settings,
    )
    steps = [*zip(history.step_loss, recorded.params, strict=True)]
    return [*steps, (np.nan, [value.ravel() for value in model.params.values()])]


def test_each_step_is_that_of_nnref() -> None:
    for case in CASES:
        script, *_, settings = case
        own, theirs = steps_of_script(script.code), steps_of_nnref(case)
        batches = -(-2000 // settings["batch_size"])
        assert len(own) == len(theirs) == settings["epochs"] * batches + 1
        for (loss, params), (expected, other) in zip(own, theirs, strict=True):
            np.testing.assert_allclose(loss, expected, rtol=0, atol=1e-12)
            for a, b in zip(by_size(params), by_size(other), strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def by_size(params: list[np.ndarray]) -> list[np.ndarray]:
    """The scripts order parameters as they like; no two have the same size."""
    assert len({len(value) for value in params}) == len(params)
    return sorted(params, key=len)

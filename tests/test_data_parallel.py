"""Gradients by the workers of a cluster equal those of one process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nnref

if TYPE_CHECKING:
    from distributed import Client

LOSS = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers, a process each."""
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": ":0", "silence_logs": 50}
    with distributed.Client(n_workers=2, threads_per_worker=1, **quiet) as client:
        yield client


def mlp(seed: int = 0) -> nnref.Sequential:
    """A network that looks at one sample at a time."""
    rng = np.random.default_rng(seed)
    return nnref.Sequential(
        nnref.Dense(5, 4, rng), nnref.LayerNorm(4), nnref.Tanh(), nnref.Dense(4, 3, rng)
    )


def batch(n: int, seed: int = 1) -> tuple[Any, Any]:
    """Inputs and labels."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.integers(3, size=n)


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_equals_one_process(client: Client, n: int) -> None:
    """Also where the shards differ in size, and with fewer samples than workers."""
    model, (x, y) = mlp(), batch(n)
    value, grads = nnref.DataParallel(client, model, LOSS)(x, y)
    expected, alone = nnref.loss_and_gradient(model, x, y, LOSS)
    assert value == pytest.approx(expected, rel=1e-13)
    assert grads.keys() == alone.keys() == model.params.keys()
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, alone[name], rtol=1e-12, atol=1e-15)
        assert grad.dtype == alone[name].dtype


def test_takes_the_parameters_as_they_are(client: Client) -> None:
    """The workers' copies are old: each call brings the parameters with it."""
    model, (x, y) = mlp(), batch(8)
    spread = nnref.DataParallel(client, model, LOSS)
    for array in model.params.values():
        array += 0.5
    expected, _ = nnref.loss_and_gradient(model, x, y, LOSS)
    assert spread(x, y)[0] == pytest.approx(expected, rel=1e-13)


def test_fit_takes_it(client: Client) -> None:
    """Training by two processes goes where training by one goes."""
    x, y = batch(30)
    ends = []
    for spread in (True, False):
        model = mlp()
        settings: dict[str, Any] = {"loss": LOSS, "epochs": 2, "batch_size": 7}
        if spread:
            settings["gradient"] = nnref.DataParallel(client, model, LOSS)
        rng = np.random.default_rng(3)
        nnref.fit(model, x, y, optimizer=nnref.Adam(), rng=rng, **settings)
        ends.append(model.params)
    for name, array in ends[0].items():
        np.testing.assert_allclose(array, ends[1][name], rtol=1e-12, atol=1e-14)


def test_keeps_float32(client: Client) -> None:
    """The mean over shards has the dtype of the gradients."""
    rng = np.random.default_rng(0)
    model = nnref.Sequential(nnref.Dense(5, 3, rng, dtype=np.float32))
    x, y = batch(9)
    _, grads = nnref.DataParallel(client, model, LOSS)(x.astype(np.float32), y)
    assert {grad.dtype for grad in grads.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(
    "layer",
    [nnref.BatchNorm(5), nnref.Dropout(0.5, np.random.default_rng(0))],
    ids=["batch norm", "dropout"],
)
def test_refuses_what_does_not_add_up(layer: nnref.Layer, depth: int) -> None:
    """Before anything is sent, however deep it lies."""
    model: nnref.Layer = layer
    for _ in range(depth):
        model = nnref.Residual(nnref.Sequential(nnref.Tanh(), model))
    with pytest.raises(ValueError, match="do not add up to the batch"):
        nnref.DataParallel(None, model, LOSS)


def test_refuses_what_a_layer_of_ones_own_holds() -> None:
    """In a list as well: such a layer is no container to the package."""

    class Several(nnref.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [nnref.Tanh(), nnref.BatchNorm(5)]

    with pytest.raises(ValueError, match="do not add up to the batch"):
        nnref.DataParallel(None, Several(), LOSS)


def test_a_worker_that_dies_loses_nothing(client: Client, tmp_path: Path) -> None:
    """Killed in the middle of a step, its shard is computed by one that is left."""
    died = tmp_path / "died"
    home = os.getpid()

    def deadly(pred: Any, y: Any) -> Any:
        if os.getpid() != home:
            try:
                died.touch(exist_ok=False)  # of two workers only the first
            except FileExistsError:
                pass
            else:
                os._exit(1)
        return nnref.softmax_cross_entropy(pred, y)

    model, (x, y) = mlp(), batch(10)
    before = set(client.ncores())
    value, grads = nnref.DataParallel(client, model, (deadly, LOSS[1]))(x, y)
    assert died.exists()
    assert set(client.ncores()) != before
    expected, alone = nnref.loss_and_gradient(model, x, y, LOSS)
    assert value == pytest.approx(expected, rel=1e-13)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, alone[name], rtol=1e-12, atol=1e-15)


def test_page_blocks_run_as_scripts(tmp_path: Path) -> None:
    """Pasted into a file, a block that starts a cluster runs as on the page."""
    pytest.importorskip("distributed")
    from doctools import pages

    page = pages.ROOT / "docs/concepts/data-parallel.md"
    blocks = [
        block
        for block in pages.blocks(page.read_text(encoding="utf-8"), page.name)
        if "Client(" in block.code
    ]
    assert blocks
    for number, block in enumerate(blocks):
        script = tmp_path / f"pasted{number}.py"
        script.write_text(block.code, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert block.output is not None
        assert done.stdout == block.output.text

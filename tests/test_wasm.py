"""Blocks print in WebAssembly, where readers run them, what their page says.

Under Node, without a browser: two pages a day, one after the other; all of them with
NNREF_WASM=all (`make wasm`).
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from doctools import notebooks, pages, wasm
from doctools.blocks import page_name
from doctools.figures import drawings

SCRIPT = Path(__file__).with_name("wasm.mjs")
PAGES = [path for path in pages.markdown_pages() if wasm.has_buttons(path)]
TICK = re.compile("[0-9.,\N{MINUS SIGN}\N{MULTIPLICATION SIGN}]+")
LABEL = re.compile(r"<text\b.*?</text>", re.DOTALL)


def runnable(page: Path) -> list[pages.Block]:
    """The blocks of a page that get a Run button."""
    found = pages.blocks(page.read_text(encoding="utf-8"), page.name)
    return [block for block in found if wasm.runs(block.code)]


def chosen() -> list[Path]:
    """The pages of this day, or all."""
    filled = [path for path in PAGES if runnable(path)]
    if os.environ.get("NNREF_WASM") == "all":
        return filled
    first = 2 * datetime.date.today().toordinal()
    return [filled[(first + k) % len(filled)] for k in range(2)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder that the browser asks, and the package's wheel."""
    if shutil.which("node") is None or not wasm.available():
        missing = "no Node on this machine, or no assets (`make assets`)"
        if os.environ.get("NNREF_REQUIRE_BROWSER"):
            pytest.fail(f"{missing}, and this run may leave nothing out")
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("wasm")
    assert wasm.make(folder / "_py")
    return folder / "_py", notebooks.make_wheel(folder)


def ran(place: tuple[Path, Path], blocks: list[tuple[str, str]]) -> list[Any]:
    """What blocks do in WebAssembly."""
    command = ["node", str(SCRIPT), *map(str, place)]
    given = json.dumps(blocks)
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def labels(drawing: str) -> list[str]:
    """The words in a figure: its ticks are up to the version of Matplotlib."""
    found = [re.sub(r"<.*?>", "", text) for text in LABEL.findall(drawing)]
    return [text for text in found if not TICK.fullmatch(text)]


@pytest.mark.parametrize("page", chosen(), ids=lambda page: page.stem)
def test_every_block_is_the_same_as_on_its_page(
    place: tuple[Path, Path], page: Path
) -> None:
    name = page_name(page)
    blocks = runnable(page)
    results = ran(place, [(b.code, f"{name}, line {b.line}") for b in blocks])
    different = []
    for block, result in zip(blocks, results, strict=True):
        where = f"{name}:{block.line}"
        expected = block.output.text if block.output else ""
        shown = [labels(d) for d in drawings(block, name)] if block.draws else []
        if result["error"]:
            different.append(f"{where}: {result['error']}")
        elif result["printed"] != expected:
            different.append(f"{where}: {result['printed']!r} for {expected!r}")
        elif [labels(figure) for figure in result["figures"]] != shown:
            different.append(f"{where}: other labels in the figure")
    slowest = sorted(
        zip(results, blocks, strict=True), key=lambda pair: -pair[0]["seconds"]
    )
    print(name, len(blocks), [(b.line, round(r["seconds"], 1)) for r, b in slowest[:5]])
    assert not different, "\n".join(different)


def test_a_block_starts_anew_and_fails_as_python_does(
    place: tuple[Path, Path],
) -> None:
    blocks = [
        ("import nnref\nx = 1\nnnref.softmax = None\n", "block 1"),
        ("import nnref\nprint('x' in globals(), nnref.softmax([1.0]))", "block 2"),
        ("def f():\n    return 1 / 0\nprint(1)\nf()\n", "block 3"),
        ("x = (\n", "block 4"),
    ]
    results = ran(place, blocks)
    assert [r["printed"] for r in results] == ["", "False [1.]\n", "1\n", ""]
    assert [bool(r["error"]) for r in results] == [False, False, True, True]
    assert results[2]["error"] == (
        "Traceback (most recent call last):\n"
        '  File "block 3", line 4, in <module>\n    f()\n    ~^^\n'
        '  File "block 3", line 2, in f\n    return 1 / 0\n           ~~^~~\n'
        "ZeroDivisionError: division by zero\n"
    )
    assert 'File "block 4", line 1' in results[3]["error"]


def test_what_can_run_is_decided_by_the_imports() -> None:
    assert wasm.runs("import math, numpy.random\nfrom nnref import softmax\n")
    assert wasm.runs("import matplotlib.pyplot as plt\nfrom unittest import mock\n")
    assert not wasm.runs("def f():\n    from distributed import Client\n")
    assert not wasm.runs("import torch\n")
    assert not wasm.runs("import multiprocessing.pool\n")


def test_a_file_that_is_not_the_pinned_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import zipfile

    def download(*command: str) -> None:
        with zipfile.ZipFile(tmp_path / "carrier-1.whl", "w") as wheel:
            wheel.writestr("carrier/deep/numpy-1.whl", b"another")

    monkeypatch.setattr(wasm, "_call", download)
    package = {"file_name": "numpy-1.whl", "sha256": wasm._sha256(b"the one")}
    with pytest.raises(wasm.WasmError, match="not the one"):
        wasm._carried("carrier", tmp_path, [package])
    package["sha256"] = wasm._sha256(b"another")
    assert wasm._carried("carrier", tmp_path, [package]) == {"numpy-1.whl": b"another"}
    with pytest.raises(wasm.WasmError, match="does not carry"):
        wasm._carried("carrier", tmp_path, [{"file_name": "b.whl", "sha256": ""}])


def test_without_assets_there_are_no_buttons_but_in_ci_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wasm, "CACHE", tmp_path / "nothing")
    monkeypatch.delenv("NNREF_REQUIRE_BROWSER", raising=False)
    (tmp_path / "_py").mkdir()
    assert not wasm.make(tmp_path / "_py")
    assert not (tmp_path / "_py").exists()
    monkeypatch.setenv("NNREF_REQUIRE_BROWSER", "1")
    with pytest.raises(wasm.WasmError, match="make assets"):
        wasm.available()


def test_the_licence_of_everything_served_is_listed() -> None:
    if not wasm.available():
        pytest.skip("no assets (`make assets`)")
    lock = json.loads((wasm.CACHE / wasm.LOCK).read_text(encoding="utf-8"))
    page = (pages.DOCS / "hosting.md").read_text(encoding="utf-8")
    rows = " ".join(row.split("|")[1] for row in page.splitlines() if row[:2] == "| ")
    assert set(lock["packages"]) <= set(re.findall(r"[\w-]+", rows))

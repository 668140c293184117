"""Blocks print in WebAssembly, where readers run them, what their page says.

Under Node, without a browser: a page of the concepts and another one a day, in turn;
all of them with NNREF_WASM=all (`make wasm`).
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from doctools import notebooks, pages, wasm
from doctools.blocks import page_name, shown_docstrings
from doctools.figures import drawings

SCRIPT = Path(__file__).with_name("wasm.mjs")
CONCEPTS = [path for path in pages.markdown_pages() if wasm.has_buttons(path)]
REFERENCE = sorted((pages.DOCS / "reference").glob("*.md"))
ALL = os.environ.get("NNREF_WASM") == "all"
TICK = re.compile("[0-9.,\N{MINUS SIGN}\N{MULTIPLICATION SIGN}]+")
LABEL = re.compile(r"<text\b.*?</text>", re.DOTALL)


@dataclass(frozen=True)
class Runnable:
    """What has a Run button, and what its page shows below it."""

    code: str
    where: str
    expected: str
    block: pages.Block | None = None  # else an example of a docstring


def runnable(page: Path) -> list[Runnable]:
    """The blocks of a page, and the examples of its docstrings."""
    name, text = page_name(page), page.read_text(encoding="utf-8")
    if page in REFERENCE:
        return [
            Runnable(
                "".join(example.source for example in test.examples),
                test.name,
                "".join(e.want for e in test.examples).replace("<BLANKLINE>", ""),
            )
            for test in shown_docstrings(text, name)
            if wasm.runs("".join(example.source for example in test.examples))
        ]
    return [
        Runnable(
            block.code,
            f"{name}:{block.line}",
            block.output.text if block.output else "",
            block,
        )
        for block in pages.blocks(text, name)
        if wasm.runs(block.code)
    ]


def chosen() -> list[Path]:
    """The pages of this day, or all; those of the concepts take a minute each."""
    filled = [path for path in CONCEPTS + REFERENCE if runnable(path)]
    if ALL:
        return filled
    day = datetime.date.today().toordinal()
    long = [path for path in filled if path.parent.name == "concepts"]
    short = [path for path in filled if path not in long]
    return [kind[day % len(kind)] for kind in (long, short)]


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


def ran(place: tuple[Path, Path], blocks: list[tuple[str, str, bool]]) -> list[Any]:
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
    name, found = page_name(page), runnable(page)
    results = ran(place, [(each.code, each.where, not each.block) for each in found])
    different = []
    for each, result in zip(found, results, strict=True):
        draws = each.block is not None and each.block.draws
        shown = [labels(d) for d in drawings(each.block, name)] if draws else []
        if result["error"]:
            different.append(f"{each.where}: {result['error']}")
        elif result["printed"] != each.expected:
            printed = f"{result['printed']!r} for {each.expected!r}"
            different.append(f"{each.where}: {printed}")
        elif [labels(figure) for figure in result["figures"]] != shown:
            different.append(f"{each.where}: other labels in the figure")
    times = [(r["seconds"], e) for r, e in zip(results, found, strict=True)]
    slowest = sorted(times, key=lambda pair: -pair[0])[:5]
    print(name, len(found), [(e.where, round(time, 1)) for time, e in slowest])
    assert not different, "\n".join(different)
    if ALL:
        wasm.note(page.stem, [(each.code, time) for time, each in times])


def test_an_example_of_a_docstring_is_typed(place: tuple[Path, Path]) -> None:
    typed = "x = 2\nx\n'a'\nif x:\n    print(x)\n1 / 0\nNone\nx + 1\n"
    (result,) = ran(place, [(typed, "example", True)])
    last = "Traceback (most recent call last):\nZeroDivisionError: "
    assert result["printed"] == f"2\n'a'\n2\n{last}division by zero\n3\n"
    assert not result["error"]


def test_what_takes_long_is_known_by_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wasm, "SECONDS", tmp_path / "seconds.json")
    monkeypatch.setattr(wasm, "TIMES", tmp_path / "times")
    wasm._slow.cache_clear()
    wasm.note("one", [("quick", 0.4), ("slow", 7.6)])
    wasm.note("two", [("slower", 12.2)])
    wasm.gather()
    times = [wasm.seconds(code) for code in ("quick", "slow", "slower", "other")]
    wasm._slow.cache_clear()
    assert times == [None, 8, 12, None]


def test_a_block_starts_anew_and_fails_as_python_does(
    place: tuple[Path, Path],
) -> None:
    blocks = [
        ("import nnref\nx = 1\nnnref.softmax = None\n", "block 1", False),
        (
            "import nnref\nprint('x' in dir(), nnref.softmax([1.0]))",
            "block 2",
            False,
        ),
        ("def f():\n    return 1 / 0\nprint(1)\nf()\n", "block 3", False),
        ("x = (\n", "block 4", False),
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

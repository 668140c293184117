"""The page on speed shows the cases that are timed, as the last run found them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import data_parallel, report, site
from benchmarks.alternatives import ALTERNATIVES, Alternative
from benchmarks.cases import BY_NAME, CASES, GROWTH, MEMORY
from doctools import numbers, pages

PAGE = report.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("times", [case.name for case in CASES]),
        ("alternatives", [a.name for a in ALTERNATIVES]),
        ("memory", [case.name for case in MEMORY]),
        ("growth", list(GROWTH)),
    ],
)
def test_every_case_has_a_result(name: str, keys: list[str]) -> None:
    assert list(report.load()[name]) == keys


def test_the_page_shows_the_results() -> None:
    """`python -m benchmarks.report` writes it again."""
    assert report.replaced(report.PAGE, PAGE, report.load()) == PAGE
    ratio = re.search(r"\| \d\.\d\d \|", PAGE)
    assert ratio
    for shown, other in (
        (ratio[0], "| 9.99 |"),
        ('"channels": {8: ', '"channels": {9: '),
    ):
        changed = PAGE.replace(shown, other)
        assert changed != PAGE
        assert report.replaced(report.PAGE, changed, report.load()) == PAGE
    tables = re.findall(r"^<!-- measured: (\w+) -->$", PAGE, re.M)
    assert sorted(tables) == sorted(report.tables(report.load()))


def test_the_page_on_several_workers_shows_its_results() -> None:
    results = report.load()
    cases = [*data_parallel.CASES, *data_parallel.KEPT.values()]
    assert list(results["parallel"]) == cases
    page = report.PARALLEL.read_text(encoding="utf-8")
    changed = page.replace('"CNN, all digits": (5', '"CNN, all digits": (6')
    assert changed != page
    for text in (page, changed):
        assert report.replaced(report.PARALLEL, text, results) == page
    with pytest.raises(ValueError, match="has 0 times the block with measured"):
        report.replaced(report.PARALLEL, "", results)


def test_a_ratio_below_1_says_that_nnref_is_faster() -> None:
    results = report.load()
    for row in (*results["times"].values(), *results["alternatives"].values()):
        ours, other, ratio = row[:3]
        assert ratio == pytest.approx(ours / other, rel=0.15)


@pytest.mark.parametrize("name", ["conv 5x5, 1->8, 28x28, N=64: f+b", CASES[0].name])
def test_a_case_makes_work_for_nnref(name: str) -> None:
    assert BY_NAME[name].nnref()() is not None


@pytest.mark.parametrize("alternative", ALTERNATIVES, ids=lambda a: a.name)
def test_an_alternative_gives_what_nnref_gives(alternative: Alternative) -> None:
    """Both agree to the precision of float32, but for parts of the work."""
    works = alternative.nnref(), alternative.instead()
    for work in works:
        work()  # what a step changed shows in the next one
    ours, other = (flat(work()) for work in works)
    if alternative.name.startswith("matrix products alone"):
        return
    for a, b in zip(ours, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(a).max())


def flat(result: Any) -> list[Any]:
    """Return the arrays and numbers of a result, one after another."""
    if isinstance(result, tuple):
        return [a for part in result for a in flat(part)]
    return [result]


def test_results_are_written_into_the_page() -> None:
    results = report.load()
    page = re.sub(r"^\|.*\n", "", PAGE, flags=re.M)  # no tables yet
    page = re.sub(r"^(<!-- measured: .*\n)\n+", r"\1\n", page, flags=re.M)
    results["times"][CASES[0].name] = [1234.5, 0.0123456, 12.3]
    text = report.replaced(report.PAGE, page, results)
    assert f"| {CASES[0].name} | 1,234 | 0.0123 | 12.3 | 2.20 | – |" in text  # noqa: RUF001
    assert report.replaced(report.PAGE, text, results) == text
    with pytest.raises(ValueError, match="has 0 times the table of about"):
        report.replaced(report.PAGE, "", results)


def test_results_keep_three_digits() -> None:
    assert report.rounded({"a": [1.23456, 12345.6, "b"], 4: 2}) == {
        "a": [1.23, 12300.0, "b"],
        4: 2,
    }


def test_numbers_of_measured_tables_need_no_fact_on_the_page_alone() -> None:
    table = "<!-- measured: times -->\n\n| a | 7.31 |\n|---|---|\n| b | 7.32 |\n"
    assert not numbers.check(report.PAGE, f"# P\n\n{table}")
    assert len(numbers.check(report.PAGE, f"# P\n\n{table}\nIt took 7.33 ms.\n")) == 1
    other = report.PAGE.with_name("pooling.md")
    assert len(numbers.check(other, f"# P\n\n{table}")) == 2


def test_ten_times_the_pages_are_ten_times_the_work(tmp_path: Path) -> None:
    """Each copy of a page has blocks that no other page has, which are drawn anew."""
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    (options,) = re.findall(r"-m benchmarks\.site (.*)", makefile)
    assert options == "--tests --grow 10"
    copy = site.Copy.__new__(site.Copy)  # of the pages alone
    copy.root = tmp_path
    shutil.copytree(pages.ROOT / "docs", tmp_path / "docs")
    shutil.copy(pages.ROOT / "mkdocs.yml", tmp_path)
    before = list((copy.root / "docs").rglob("*.md"))
    blocks = sum(len(pages.blocks(path.read_text("utf-8"))) for path in before)
    site.grow(copy, 3)
    grown = list((copy.root / "docs").rglob("*.md"))
    assert len(grown) == 3 * len(before)
    found = [b.code for p in grown for b in pages.blocks(p.read_text("utf-8"))]
    assert len(found) == len(set(found)) >= 3 * blocks

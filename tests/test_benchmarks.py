"""The page on speed shows the cases that are timed, as the last run found them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from benchmarks import report
from benchmarks.alternatives import ALTERNATIVES, Alternative
from benchmarks.cases import BY_NAME, CASES, GROWTH, MEMORY
from benchmarks.layers import ROWS, of_nnref
from doctools.pages import blocks

PAGE = report.PAGE.read_text(encoding="utf-8")


def shown(name: str) -> list[list[str]]:
    """Return the names of the rows in each block of the page that assigns to this."""
    found = []
    for block in blocks(PAGE, "speed.md"):
        match = re.search(rf'^{name} = (["{{]+)\n(.*?)^["}}]', block.code, re.M | re.S)
        if match:
            rows = match[2].splitlines()
            if match[1] == "{":
                rows = [row for row in rows if re.match(r"    \S", row)]
                rows = [row.strip().split(": ")[0].strip('"') for row in rows]
            found.append(
                [row.split(" | ")[0] for row in rows if row not in ("    },",)]
            )
    return found


@pytest.mark.parametrize(
    ("name", "keys", "times"),
    [
        ("times", [case.name for case in CASES], 2),
        ("layers", ROWS, 1),
        ("alternatives", [a.name for a in ALTERNATIVES], 1),
        ("memory", [case.name for case in MEMORY], 1),
        ("growth", list(GROWTH), 1),
        ("space", list(GROWTH), 1),
    ],
)
def test_the_page_has_every_case(name: str, keys: list[str], times: int) -> None:
    assert shown(name) == [keys] * times


def test_the_figure_shows_the_data_of_the_table() -> None:
    found = re.findall(r'^times = """\n.*?^"""', PAGE, re.M | re.S)
    assert len(set(found)) == 1


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


def test_the_layers_are_timed() -> None:
    found = of_nnref(rounds=1)
    assert list(found) == ROWS
    assert all(forward > 0 for name, (forward, _) in found.items() if name != "update")


def test_data_are_replaced_wherever_a_block_assigns_them() -> None:
    page = '```python\na = {\n    1: 2,\n}\nb = """\n- | 1\n"""\nprint(a)\n```\n'
    text = report.replaced(page + page, "a", {"x": 1.5})
    assert text.count('a = {\n    "x": 1.5,\n}\nb') == 2
    assert report.replaced(text, "a", {"x": 1.5}) == text
    text = report.replaced(text, "b", report.rows({"case": [None, 1.23456, 12345.6]}))
    assert text.count('b = """\ncase | - 1.23 1.23e+04\n"""\nprint') == 2
    with pytest.raises(ValueError, match="no block of the page assigns to c"):
        report.replaced(page, "c", {})

"""The page on speed shows the cases that are timed, as the last run found them."""

from __future__ import annotations

import pytest

from benchmarks import report
from benchmarks.cases import BY_NAME, CASES, GROWTH, MEMORY
from doctools.pages import blocks

PAGE = report.PAGE.read_text(encoding="utf-8")


def shown(name: str) -> list[dict]:
    """Return what each block of the page that assigns to this name assigns."""
    found = []
    for block in blocks(PAGE, "speed.md"):
        if f"\n{name} = {{" in f"\n{block.code}":
            scope: dict = {}
            body = block.code.split(f"{name} = {{")[1].split("\n}")[0]
            exec(f"{name} = {{{body}\n}}", scope)
            found.append(scope[name])
    return found


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("times", [case.name for case in CASES]),
        ("targets", [case.name for case in CASES]),
        ("memory", [case.name for case in MEMORY]),
        ("growth", list(GROWTH)),
        ("space", list(GROWTH)),
    ],
)
def test_the_page_has_every_case(name: str, keys: list[str]) -> None:
    found = shown(name)
    assert found
    assert all(list(data) == keys for data in found)


def test_blocks_with_the_same_name_have_the_same_data() -> None:
    for name in ("times", "targets"):
        assert len({str(data) for data in shown(name)}) == 1


@pytest.mark.parametrize("name", ["conv 5x5, 1->8, 28x28, N=64: f+b", CASES[0].name])
def test_a_case_makes_work_for_nnref(name: str) -> None:
    assert BY_NAME[name].nnref()() is not None


def test_data_are_replaced_wherever_a_block_assigns_them() -> None:
    page = "```python\na = {\n    1: 2,\n}\nprint(a)\n```\n"
    text = report.replaced(page + page, "a", {"x": [1.5, 2.5]})
    assert (
        text.count('a = {"x": [1.5, 2.5]}') == 0
    )  # one item a line, to be found again
    assert text.count('a = {\n    "x": [1.5, 2.5],\n}\nprint(a)') == 2
    assert report.replaced(text, "a", {"x": [1.5, 2.5]}) == text
    with pytest.raises(ValueError, match="no block of the page assigns to b"):
        report.replaced(page, "b", {})

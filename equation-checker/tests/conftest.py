"""Short ways to evaluate LaTeX and to check an equation with its comment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqcheck import Page, Result, open_page, read_text
from eqcheck.arrays.values import IndexValue, move_to_shape
from eqcheck.check.statement import evaluators
from eqcheck.outside.config import find
from eqcheck.outside.report import results

PROJECT = Path(__file__).parent / "project"
sys.path.insert(0, str(PROJECT))


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the table of the small project count, wherever the tests are run."""
    monkeypatch.chdir(PROJECT)


def page_text(comment: str, latex: str) -> str:
    """A page with one equation."""
    return f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n"


def _evaluate(latex: str, comment: str = "") -> Any:
    page = Page(draws=1, trials=False)
    (source,) = read_text(page_text(comment, f"0 = {latex}"))
    item = page.read(source)
    if item.error is not None:
        raise item.error
    statement = item.lines[0].row.statement
    node = statement.relation.sides[1]
    settings = item.settings[0]
    (evaluator,) = evaluators(statement, page.roots[0], settings)
    value = evaluator.value(node)
    axes, sizes = [], {}
    for index in evaluator.scope.values():
        if isinstance(index, IndexValue):
            axes.append(index.axes[0])
            sizes[index.axes[0]] = index.stop - index.start + 1
    array = move_to_shape(value, axes, sizes).array
    return np.real(array)


def _check(comment: str, latex: str) -> Result:
    page = open_page(find())
    items = [page.read(each) for each in read_text(page_text(comment, latex))]
    page.finish(items, whole=False)
    (result,) = results(items, "page.md")
    return result


@pytest.fixture
def evaluate() -> Callable[..., Any]:
    """The value of an expression, one axis for each free index."""
    return _evaluate


@pytest.fixture
def check() -> Callable[[str, str], Result]:
    """The result of one equation; its comment may give more than it shows."""
    return _check

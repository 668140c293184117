"""Short ways to evaluate LaTeX and to check an equation with its comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eqcheck import Page, Result, check_text, read_text
from eqcheck.arrays.values import IndexValue, move_to_shape
from eqcheck.check.statement import evaluators


def page_text(comment: str, latex: str) -> str:
    """A page with one equation."""
    return f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n"


def _evaluate(latex: str, comment: str = "") -> Any:
    page = Page("test.md", draws=1, trials=False)
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
    (result,) = check_text(page_text(comment, latex), "page.md")
    return result


@pytest.fixture
def evaluate() -> Callable[..., Any]:
    """The value of an expression, one axis for each free index."""
    return _evaluate


@pytest.fixture
def check() -> Callable[[str, str], Result]:
    """The result of one equation below its comment."""
    return _check

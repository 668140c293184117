"""A pytest plugin: one test for each displayed equation of a Markdown page.

    pytest -p eqcheck.outside.pytest_plugin docs

A test is called `equation line 57`, after the line of its opening `$$`. The first one
that runs checks the whole page, since symbols stay known from one equation to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from eqcheck import CACHE, FAILED, Result, Source, check_page, read_page


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect Markdown pages that have displayed equations."""
    if file_path.suffix != ".md":
        return None
    page: pytest.Collector = EquationPage.from_parent(parent, path=file_path)
    return page


class FalseEquationError(Exception):
    """An equation that does not hold; the message is the whole report."""


class EquationPage(pytest.File):
    """The displayed equations of a page."""

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each."""
        try:
            sources = read_page(self.path)
        except ValueError:
            return  # a page that cannot be scanned fails as a page
        for source in sources:
            name = f"equation line {source.line}"
            yield EquationItem.from_parent(self, name=name, source=source)

    @cached_property
    def results(self) -> dict[int, Result]:
        """What became of each equation, by line."""
        found = check_page(self.path, cache=CACHE)
        return {result.line: result for result in found}


class EquationItem(pytest.Item):
    """A displayed equation."""

    def __init__(self, *, source: Source, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def runtest(self) -> None:
        """Fail with the report of the equation."""
        assert isinstance(self.parent, EquationPage)
        result = self.parent.results[self.source.line]
        if result.status == FAILED:
            raise FalseEquationError(result.reason)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the report alone."""
        if isinstance(excinfo.value, FalseEquationError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line (from 0) and headline."""
        return self.path, self.source.line - 1, f"{self.name} of {self.path.name}"

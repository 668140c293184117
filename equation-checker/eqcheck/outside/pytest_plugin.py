"""A pytest plugin: one test for each equation of a Markdown page.

It collects the pages that `paths` of the table `[tool.eqcheck]` in `pyproject.toml`
names; with `--eqcheck`, all Markdown files that pytest comes by. A test is called
`equation line 57`, after the line of its opening `$$`. The first one that runs checks
the whole page, since symbols stay known from one equation to the next.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from eqcheck import (
    CACHE,
    FAILED,
    NO_COMMENT,
    Result,
    Source,
    check_page,
    read_page,
    with_comment,
)
from eqcheck.outside.config import Config, ConfigError, find
from eqcheck.outside.sources import name_of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--eqcheck`."""
    parser.getgroup("eqcheck").addoption(
        "--eqcheck",
        action="store_true",
        help="check the equations of all Markdown files, whatever pyproject.toml says",
    )


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect Markdown pages that have equations."""
    if file_path.suffix != ".md":
        return None
    try:
        config = find(file_path)
    except ConfigError as error:
        raise parent.CollectError(str(error)) from None
    if not (parent.config.getoption("--eqcheck") or config.covers(file_path)):
        return None
    page: EquationPage = EquationPage.from_parent(parent, path=file_path)
    page.settings = config
    return page


class FalseEquationError(Exception):
    """An equation that does not hold; the message is the whole report."""


class UncheckedEquationWarning(UserWarning):
    """An equation without a comment, where the project wants to hear of it."""


class EquationPage(pytest.File):
    """The equations of a page."""

    settings: Config

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each."""
        try:
            sources = read_page(self.path)
        except ValueError:
            return  # a page that cannot be scanned fails as a page
        for source in with_comment(sources, self.settings):
            name = f"equation line {source.line}"
            yield EquationItem.from_parent(self, name=name, source=source)

    @cached_property
    def results(self) -> dict[int, Result]:
        """What became of each equation, by line."""
        self.settings.enter()
        found = check_page(self.path, cache=CACHE, config=self.settings)
        return {result.line: result for result in found}


class EquationItem(pytest.Item):
    """An equation."""

    def __init__(self, *, source: Source, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def runtest(self) -> None:
        """Fail with the report of the equation."""
        assert isinstance(self.parent, EquationPage)
        result = self.parent.results[self.source.line]
        if result.status == FAILED:
            raise FalseEquationError(result.reason)
        if self.source.comment == NO_COMMENT:
            place = f"{name_of(self.path)}:{self.source.line}"
            message = f"{place}: no comment stands above it, so it is not checked"
            warnings.warn(UncheckedEquationWarning(message), stacklevel=1)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the report alone."""
        if isinstance(excinfo.value, FalseEquationError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line (from 0) and headline."""
        return self.path, self.source.line - 1, f"{self.name} of {self.path.name}"

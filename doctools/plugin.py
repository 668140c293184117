"""The pytest plugin: a page becomes one test for each thing that it shows.

pytest-codeblocks finds the pages (`--codeblocks`); from there on the tests are ours:
`page.md::census`, `page.md::names` (of inline code), `page.md::line N` for each Python
block, `page.md::sliders` for all frames and, where mkdocstrings puts docstrings on the
page, `page.md::name` for each that has examples and `page.md::formulas of name` for
each that has formulas. Other plugins add tests by implementing the hook
`pytest_page_items`.
"""

from __future__ import annotations

import gzip
from collections.abc import Generator, Iterable, Iterator
from doctest import DocTest
from pathlib import Path
from typing import Any

import pytest
from pytest_codeblocks.plugin import MarkdownFile

from doctools import blocks, census, figures, formulas, names, numbers, pages


class PageHooks:
    """What other plugins can implement."""

    @pytest.hookspec
    def pytest_page_items(self, page: Page) -> Iterable[pytest.Item]:
        """Return tests of a page. Must not raise: a page may be broken anywhere."""
        raise NotImplementedError


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make `pytest_page_items` known."""
    pluginmanager.add_hookspecs(PageHooks)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Put a Page in the place of what pytest-codeblocks makes of a Markdown file."""
    found = yield
    return [
        Page.from_parent(parent, path=file_path)
        if isinstance(collector, MarkdownFile)
        else collector
        for collector in found
    ]


class Page(pytest.File):
    """A Markdown page; its node id is also its name in messages."""

    def collect(self) -> Iterator[pytest.Item]:
        """Ask every plugin, this one among them, for its tests of the page."""
        for items in self.ihook.pytest_page_items(page=self):
            yield from items

    @property
    def text(self) -> str:
        """What the page says."""
        return self.path.read_text(encoding="utf-8")


class PageItem(pytest.Item):
    """A test of something on a page; a BlockError is its whole report."""

    line = 1

    @property
    def page(self) -> str:
        """The name of the page in messages."""
        return self.nodeid.partition("::")[0]

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the message alone where it says everything."""
        if isinstance(excinfo.value, blocks.BlockError | pages.PageError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line (from 0) and headline of a failure."""
        return self.path, self.line - 1, f"{self.name} of {self.page}"


@pytest.hookimpl(tryfirst=True)
def pytest_page_items(page: Page) -> Iterable[pytest.Item]:
    """The census, the blocks, the docstrings and the inline code of a page."""
    items: list[pytest.Item] = [CensusItem.from_parent(page, name="census")]
    if page.path in numbers.all_pages():
        items.append(NumbersItem.from_parent(page, name="numbers"))
    try:
        items += [
            BlockItem.from_parent(page, name=f"line {block.line}", block=block)
            for block in pages.blocks(page.text, page.nodeid)
        ]
        if any(block.controls for block in pages.blocks(page.text, page.nodeid)):
            items.append(SlidersItem.from_parent(page, name="sliders"))
        items += [
            DocstringItem.from_parent(page, name=test.name, test=test)
            for test in blocks.shown_docstrings(page.text, page.nodeid)
        ]
        items += [
            FormulasItem.from_parent(page, name=f"formulas of nnref.{name}", key=name)
            for name in formulas.shown(page.text, page.nodeid)
        ]
        source = names.PageNames(page.text, page.nodeid)
        if source.marks or any(True for _ in source.spans()):
            items.append(NamesItem.from_parent(page, name="names"))
    except (pages.PageError, blocks.BlockError):
        pass  # the census fails and says why
    return items


class CensusItem(PageItem):
    """Whether anything on the page would go unnoticed."""

    def runtest(self) -> None:
        """Fail with all faults of the page."""
        found = [
            f"{self.page}:{fault.line}: {fault.message}"
            for fault in census.faults(self.path)
        ]
        if found:
            raise pages.PageError("\n".join(found))


class NamesItem(PageItem):
    """Whether the inline code of the page names what exists."""

    def runtest(self) -> None:
        """Fail with every name that resolves nowhere."""
        if found := names.faults(self.path):
            raise pages.PageError("\n".join(found))


class NumbersItem(PageItem):
    """Whether the numbers in running text come from somewhere."""

    def runtest(self) -> None:
        """Fail with all that are bound to nothing."""
        if found := numbers.check(self.path, name=self.page):
            raise pages.PageError("\n".join(found))


class BlockItem(PageItem):
    """A Python block."""

    def __init__(self, *, block: pages.Block, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block
        self.line = block.line

    def runtest(self) -> None:
        """Run the block and compare its output."""
        check = figures.check if self.block.draws else blocks.check
        check(self.block, self.page)


class SlidersItem(PageItem):
    """Whether each frame of the page's sliders can be drawn, and what they weigh."""

    def runtest(self) -> None:
        """Draw those that are not in the cache; what a block asserts holds in each."""
        figures.draw_all([self.path])
        found = [
            block
            for block in pages.blocks(self.path.read_text(encoding="utf-8"))
            if block.controls
        ]
        html = "".join(figures.figure_html(block, self.page) for block in found)
        weight = len(gzip.compress(html.encode(), 9))
        if weight > figures.MOST_BYTES:
            raise pages.PageError(
                f"{self.page}: the figures with sliders weigh {weight:,} bytes, "
                f"compressed; at most {figures.MOST_BYTES:,}"
            )


class DocstringItem(PageItem):
    """The examples of a docstring."""

    def __init__(self, *, test: DocTest, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.test = test

    def runtest(self) -> None:
        """Run the examples and compare what they give."""
        blocks.check_docstring(self.test)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the place of the docstring."""
        _, line = blocks.docstring_place(self.test)
        _, _, headline = super().reportinfo()
        return Path(self.test.filename or self.path), line - 1, headline


class FormulasItem(PageItem):
    """The formulas of a docstring, held against its function."""

    def __init__(self, *, key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key = key

    def runtest(self) -> None:
        """Fail with what is false or held by nothing."""
        if found := formulas.faults(self.key):
            raise pages.PageError("\n".join(found))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the place of the docstring."""
        doc = formulas.package().docstrings[self.key]
        _, _, headline = super().reportinfo()
        return pages.ROOT / doc.file, doc.line - 1, headline

"""Checks displayed equations: reads the LaTeX, evaluates both sides, compares.

`check_page` gives one `Result` for each displayed equation of a Markdown page. The
symbols come from a comment above the equation; `docs/writing-equations.md` explains it.
"""

from __future__ import annotations

from pathlib import Path

from eqcheck.check.page import Item, Page
from eqcheck.check.source import Source
from eqcheck.outside.cache import key, load, store
from eqcheck.outside.report import (
    CHECKED,
    DEFINITION,
    FAILED,
    NOT_CHECKED,
    SETTING,
    Result,
    results,
)
from eqcheck.outside.sources import read_page, read_text

__all__ = [
    "CACHE",
    "CHECKED",
    "DEFINITION",
    "FAILED",
    "NOT_CHECKED",
    "SETTING",
    "Item",
    "Page",
    "Result",
    "Source",
    "check_page",
    "check_text",
    "read_page",
    "read_text",
]


# Below the folder in which the checker runs; safe to delete.
CACHE = Path(".cache") / "equations"


def check_page(path: Path, *, cache: Path | None = None) -> list[Result]:
    """Check all displayed equations of a page, or take the results from a folder."""
    text = path.read_text(encoding="utf-8")
    if cache is None:
        return check_text(text, path.name)
    kept = key(text, path.name)
    found = load(cache, path, kept)
    if found is None:
        found = check_text(text, path.name)
        store(cache, path, kept, found)
    return found


def check_text(
    text: str, name: str = "page.md", *, trials: bool = True
) -> list[Result]:
    """Check all displayed equations of Markdown text.

    Without `trials` no changed forms are tried, which takes a third of the time.
    """
    page = Page(name, trials=trials)
    items = [page.read(source) for source in read_text(text, name)]
    page.finish(items)
    return results(items, name)

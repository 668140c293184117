"""Checks the equations of a document: reads the LaTeX, evaluates both sides, compares.

`check_page` gives one `Result` for each equation of a Markdown page. The symbols come
from a comment above the equation; the README explains it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eqcheck.check.item import Item
from eqcheck.check.page import Page
from eqcheck.check.source import Source
from eqcheck.outside.cache import key, load, store
from eqcheck.outside.config import FAIL, IGNORE, Config, find
from eqcheck.outside.report import (
    CHECKED,
    DEFINITION,
    FAILED,
    NOT_CHECKED,
    SETTING,
    Result,
    results,
)
from eqcheck.outside.sources import name_of, read_page, read_text

__all__ = [
    "CACHE",
    "CHECKED",
    "DEFINITION",
    "FAILED",
    "NOT_CHECKED",
    "NO_COMMENT",
    "SETTING",
    "Config",
    "Item",
    "Page",
    "Result",
    "Source",
    "check_page",
    "check_text",
    "kept_page",
    "open_page",
    "read_page",
    "read_text",
    "with_comment",
]


# Below the folder in which the checker runs; safe to delete.
CACHE = Path(".cache") / "equations"

NO_COMMENT = "equation: not checked, because no comment stands above it"


def check_page(
    path: Path,
    *,
    cache: Path | None = None,
    trials: bool = True,
    config: Config | None = None,
) -> list[Result]:
    """Check all equations of a page, or take the results from a folder.

    Without a `config`, the nearest table `[tool.eqcheck]` above the page counts.
    """
    config = find(path) if config is None else config
    text = path.read_text(encoding="utf-8")
    if cache is None:
        return check_text(text, name_of(path, config), trials=trials, config=config)
    found, kept = _kept(path, text, cache, config, trials=trials)
    if found is None:
        found = check_text(text, name_of(path, config), trials=trials, config=config)
        store(cache, path, kept, found)
    return found


def kept_page(path: Path, cache: Path) -> list[Result] | None:
    """The results of a page that a folder keeps, if they are those of today."""
    text = path.read_text(encoding="utf-8")
    return _kept(path, text, cache, find(path), trials=True)[0]


def _kept(
    path: Path, text: str, cache: Path, config: Config, *, trials: bool
) -> tuple[list[Result] | None, str]:
    # Of the page, the equations with their lines count, not the prose between them.
    name = name_of(path, config)
    sources = with_comment(read_text(text, name), config)
    kept = key(repr(sources), name, config, trials=trials)
    return load(cache, path, kept), kept


def check_text(
    text: str,
    name: str = "page.md",
    *,
    trials: bool = True,
    config: Config | None = None,
) -> list[Result]:
    """Check all equations of Markdown text.

    Without `trials` no changed forms are tried, which takes half of the time.
    Without a `config`, the nearest table above the working directory counts.
    """
    config = find() if config is None else config
    page = open_page(config, trials=trials)
    items = [
        page.read(source) for source in with_comment(read_text(text, name), config)
    ]
    page.finish(items)
    return results(items, name)


def open_page(config: Config, *, trials: bool = True) -> Page:
    """A page without equations as yet, in the setting of a project."""
    packages, seed = config.packages, config.seed
    return Page(config.draws, trials=trials, packages=packages, seed=seed)


def with_comment(sources: list[Source], config: Config) -> list[Source]:
    """The equations that count; one without a comment only if the project says so."""
    if config.without_comment == FAIL:
        return sources
    if config.without_comment == IGNORE:
        return [source for source in sources if source.comment is not None]
    return [
        source if source.comment is not None else replace(source, comment=NO_COMMENT)
        for source in sources
    ]

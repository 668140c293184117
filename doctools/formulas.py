"""The formulas in the docstrings of nnref: what became of each, for tests and site."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import eqcheck
import nnref
from doctools import pages
from doctools.blocks import directives
from eqcheck.outside.docstrings import Package

SYMBOLS = Path(__file__).with_name("docstring_symbols.toml")


def package() -> Package:
    """All docstrings that have formulas, with the symbols that they do not tell.

    As they are now: `make serve` runs while they are written.
    """
    files = [SYMBOLS, *sorted(Path(nnref.__file__).parent.rglob("*.py"))]
    return _package(tuple(path.stat().st_mtime_ns for path in files))


@lru_cache(maxsize=1)
def _package(_: tuple[int, ...]) -> Package:
    symbols = tomllib.loads(SYMBOLS.read_text(encoding="utf-8"))
    return Package.read(Path(nnref.__file__).parent, symbols, pages.ROOT)


def shown(text: str, page: str) -> list[str]:
    """Names of the docstrings with formulas that mkdocstrings puts on a page."""
    targets = [name.partition(".")[2] for _, name in directives(text, page)]
    return [
        name
        for name in package().docstrings
        if any(f"{name}.".startswith(f"{target}.") for target in targets)
    ]


def faults(name: str) -> list[str]:
    """What is false in a docstring, or states something that nothing holds."""
    found = []
    for result in package().check(name, cache=pages.ROOT / eqcheck.CACHE):
        if result.status == eqcheck.FAILED:
            found.append(result.reason)
        elif result.status == eqcheck.NOT_CHECKED and "because" not in result.reason:
            place = f"{package().docstrings[name].file}:{result.line}"
            found.append(
                f"{place}: {result.reason}: give its left side in {SYMBOLS.name}"
            )
    return found

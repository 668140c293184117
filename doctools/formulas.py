"""The formulas in the docstrings of nnref: what became of each, for tests and site."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

import eqcheck
import nnref
from doctools import pages
from doctools.blocks import directives
from eqcheck.outside.docstring import Docstring
from eqcheck.outside.docstrings import Package

_LEFT = re.compile(
    r"(?:\\begin\{aligned\}\s*)?(?P<name>\\?[A-Za-z]+(?:\{\w+\})?)"
    r"(?:_(?P<index>\w))?'?\((?P<arguments>[^()]*)\)(?=[\s&]*=)"
)
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


def misnamed(doc: Docstring) -> list[str]:
    """What is wrong in the left side `f_t(x)` of the first displayed formula.

    The function is a letter of its own, its arguments are those of the Parameters.
    """
    first = next((f.source for f in doc.formulas if not f.inline), None)
    left = _LEFT.match(first.latex.strip()) if first else None
    if first is None or left is None:
        return []
    symbols = {each.symbol for each in doc.parameters.values()}
    arguments = re.split(r",\s*|\s*\\Vert\s*", left["arguments"])
    wrong = [a for a in arguments if a not in symbols or a == left["index"]]
    wrong += [left["name"]] if left["name"] in symbols else []
    place = f"{doc.file}:{first.line + 1}"
    return [f"{place}: {left[0]}: {each} is misnamed" for each in wrong]


def faults(name: str) -> list[str]:
    """What is false in a docstring, or states something that nothing holds."""
    found = misnamed(package().docstrings[name])
    for result in package().check(name, cache=pages.ROOT / eqcheck.CACHE):
        if result.status == eqcheck.FAILED:
            found.append(result.reason)
        elif result.status == eqcheck.NOT_CHECKED and "because" not in result.reason:
            place = f"{package().docstrings[name].file}:{result.line}"
            found.append(
                f"{place}: {result.reason}: give its left side in {SYMBOLS.name}"
            )
    return found

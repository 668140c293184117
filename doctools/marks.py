"""What stands beside a displayed equation: its number, and what it was held against."""

from __future__ import annotations

import html
from pathlib import Path

import eqcheck
import nnref
from doctools import checks, formulas, pages
from doctools.translations.language import say
from eqcheck.outside.docstrings import Package


def marks(path: Path) -> dict[int, str]:
    """For each displayed equation of a page, by its line: the HTML beside it.

    Raises `PageError` if an equation fails: a site with a wrong formula is not built.
    """
    found = checks.results(path)
    displayed = pages.equations(path.read_text(encoding="utf-8"), path.name)
    numbers = {each.line: i for i, (each, _) in enumerate(displayed, start=1)}
    made = {}
    for result in found:
        if result.status == eqcheck.FAILED:
            raise pages.PageError(result.reason)
        if result.line not in numbers:
            continue  # inline: the prose stays as it is
        number = numbers[result.line]
        address = (
            f'<a href="#equation-{number}" title="{say("Link here")}">({number})</a>'
        )
        said = _said(result, path, found, numbers)
        made[result.line] = (
            f'<div class="nn-equation__mark" data-search-exclude>{address}{said}</div>'
        )
    return made


def docstring_mark(latex: str) -> str:
    """The HTML beside a formula that stands in a docstring, '' if it is in none.

    mkdocstrings hands docstrings over in pieces, so the formula itself is looked up.
    Raises `PageError` if it fails.
    """
    said = {_docstring_said(*place) for place in _places().get(_one_line(latex), ())}
    if not said:
        return ""
    text = said.pop() if len(said) == 1 else "<span>✓</span>"
    return _beside(text)


def _beside(html: str) -> str:
    return f'<div class="nn-equation__mark" data-search-exclude>{html}</div>'


def _docstring_said(name: str, number: int) -> str:
    result = checks.results(name)[number]
    if found := formulas.faults(name):
        raise pages.PageError("\n".join(found))
    if result.status == eqcheck.DEFINITION:
        return "<span>✓</span>"
    page = pages.DOCS / "reference" / f"{name.partition('.')[0]}.md"
    return _said(result, page, [], {})


def _places() -> dict[str, list[tuple[str, int]]]:
    """The docstrings in which each displayed formula stands, and its place there."""
    global _read
    package = formulas.package()
    if _read is None or _read[0] is not package:
        found: dict[str, list[tuple[str, int]]] = {}
        for name, doc in package.docstrings.items():
            for number, formula in enumerate(doc.formulas):
                if not formula.inline:
                    latex = _one_line(formula.source.latex)
                    found.setdefault(latex, []).append((name, number))
        _read = package, found
    return _read[1]


_read: tuple[Package, dict[str, list[tuple[str, int]]]] | None = None


def _one_line(latex: str) -> str:
    return " ".join(latex.split())


def _said(
    result: eqcheck.Result,
    path: Path,
    found: list[eqcheck.Result],
    numbers: dict[int, int],
) -> str:
    if result.status == eqcheck.CHECKED:
        links = ", ".join(reference(name, path) for name in result.bound)
        return f"<span>✓ {links}</span>" if links else "<span>✓</span>"
    if result.status == eqcheck.DEFINITION:
        users = dict.fromkeys(
            numbers[user.line]
            for user in found
            if user.line in numbers
            and any(user.line <= line <= user.end for line in result.used_by)
        )
        links = ", ".join(f'<a href="#equation-{n}">({n})</a>' for n in users)
        return f"<span>{say('✓ in {links}', links=links)}</span>"
    return f"<span>{html.escape(result.reason)}</span>"


def reference(name: str, path: Path) -> str:
    """A link to the reference entry of a public name, from the page at `path`."""
    module = getattr(nnref, name).__module__
    page = path.relative_to(pages.DOCS).as_posix()
    entry = f"reference/{module.rpartition('.')[2]}.md"
    return f'<a href="{pages.link(page, entry)}#{module}.{name}">{name}</a>'

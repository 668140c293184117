"""What a piece of inline code may name, from near to far."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from doctools.names import known
from doctools.names.known import Known, Signature

# Pages about the tools: what these read and print is named there, too.
ABOUT_TOOLS = {
    "CONTRIBUTING.md",
    "docs/how-it-is-checked.md",
    "docs/writing-equations.md",
    "equation-checker/README.md",
}
SUBJECT_LATEX = {"docs/writing-equations.md", "equation-checker/README.md"}
PLACEHOLDER = re.compile(r"\b(NAME|PAGE|LINE|SYMBOL|EXPRESSION)\b|(?<=_)NAME\b")


class UnresolvedError(Exception):
    """Why a piece of inline code names nothing."""


@dataclass
class Scope:
    """What a piece of inline code may name, from near to far."""

    page: str
    near: list[Known]  # the paragraph, the section
    far: list[Known]  # the page
    row: frozenset[str] = frozenset()  # the symbols of the row of a table
    printed: tuple[str, ...] = ()  # the outputs of the nearest blocks

    @property
    def levels(self) -> list[Known]:
        """All that is known, from near to far."""
        return [*self.near, *self.far]

    def for_name(self, name: str) -> list[Known]:
        """One letter is found anywhere: it must be known in the section."""
        return self.near if len(name) == 1 else self.levels

    def signatures(self) -> Iterator[Signature]:
        """Those of the package's callables that the text or the code names."""
        for level in self.levels:
            yield from level.parameters()

    def all_names(self) -> set[str]:
        """Every name that might have been meant."""
        names = set(known.exported()) | known.package_modules()
        for level in self.levels:
            names |= level.names | level.functions.keys() | level.attributes
            names |= level.keywords
        for each in self.signatures():
            names |= each.parameters
        return names


def unknown(name: str, among: Iterable[str], what: str) -> str:
    """Say that a name is unknown, and which of others is nearest."""
    near = difflib.get_close_matches(name, sorted(among), 1, 0.6)
    return f"{what} {name}" + nearest(near)


def nearest(near: list[str]) -> str:
    """The end of such a message."""
    return f"; nearest: {near[0]}" if near else ""

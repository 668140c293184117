"""What the parts of the reader see of it, so that each can be read without it."""

from __future__ import annotations

from typing import Protocol

from eqcheck.latex.errors import Position
from eqcheck.latex.names import Names
from eqcheck.latex.nodes import Node, Relation
from eqcheck.latex.parse import Syntax
from eqcheck.latex.spelling import Scripts


class Context(Protocol):
    """Reads the parts of an expression, given the names."""

    names: Names
    separators: dict[tuple[str, int], str]

    def expression(self, part: Syntax) -> Node:
        """Any expression."""

    def chain(self, part: Syntax) -> Node:
        """An expression, or a relation between expressions."""

    def juxtaposition(self, parts: list[Syntax]) -> Node:
        """Factors side by side."""

    def symbol(self, base: Syntax, scripts: Scripts, name: str | None = None) -> Node:
        """A name with its scripts."""

    def scripted(self, node: Node, scripts: Scripts, part: Syntax) -> Node:
        """An expression with indices, exponents and transposes."""

    def arguments(self, part: Syntax) -> tuple[Node, ...]:
        """What stands between the brackets of a call."""

    def conditions(self, parts: list[Syntax]) -> tuple[Relation, ...]:
        """Relations that must all hold."""

    def index_items(self, sub: Syntax) -> tuple[tuple[Node, ...], bool]:
        """The indices in a subscript, and whether they may also be a product."""

    def quotient(self, top: Syntax, bottom: Syntax, at: Position) -> Node:
        """A fraction that is not a derivative."""

"""What the parts of the evaluator see of it, so that each can be read without it."""

from __future__ import annotations

from typing import Protocol

from eqcheck.arrays.values import Array, Value
from eqcheck.latex.nodes import Node
from eqcheck.symbols.lookup import Environment


class Context(Protocol):
    """An expression's setting: its symbols, indices and where its values matter."""

    @property
    def env(self) -> Environment:
        """Looks symbols up."""

    @property
    def scope(self) -> dict[str, Value]:
        """The indices."""

    @property
    def mask(self) -> Value | None:
        """Where values matter; None is everywhere."""

    @property
    def sequences(self) -> dict[str, Array]:
        """The numbers that limits go through."""

    def value(self, node: Node) -> Value:
        """The value of any expression."""

    def integer(self, node: Node, what: str) -> int:
        """One whole number."""

    def whole_number(self, node: Node) -> Value:
        """The value of an index."""

    def inside(self, **scope: Value) -> Context:
        """The same with more indices."""

    def where(self, mask: Value | None) -> Context:
        """The same where a further mask holds."""

    def among(self, env: Environment, scope: dict[str, Value] | None = None) -> Context:
        """The same among other symbols, and other indices if some are given."""

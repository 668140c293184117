"""What can go wrong while an equation is read or evaluated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A place in the text of an equation, counted from 1."""

    line: int
    column: int


class EquationError(ValueError):
    """An equation that cannot be read or evaluated, and where."""

    def __init__(self, message: str, at: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.defined_in: int | None = None  # the line of a definition

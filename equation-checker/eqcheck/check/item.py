"""An equation on its way through the checker, and its statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqcheck.check.compare import Settings
from eqcheck.check.further import Further
from eqcheck.check.inline import Setting
from eqcheck.check.mutate import Mutant
from eqcheck.check.source import Source
from eqcheck.check.statement import Outcome
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Node, Statement
from eqcheck.latex.statements import Row
from eqcheck.symbols.comment import Comment
from eqcheck.symbols.state import Definition, Mark

# An expression, its value in Python for each draw, and the definitions it uses.
Compared = tuple[Node, list[object], set[Mark]]


@dataclass
class Line:
    """One statement of an equation and what became of it."""

    row: Row
    line: int  # of the page
    asserted: Statement | None  # what it claims beside a definition
    definitions: list[Definition | None]  # for each draw; None if it defines nothing
    new: bool  # whether the definition gives the symbol its meaning
    comparisons: int = 0
    uses: set[Mark] = field(default_factory=set)  # definitions relied upon
    bound: set[str] = field(default_factory=set)
    mutants: list[Mutant] = field(default_factory=list)
    further: Further = field(default_factory=Further)

    @property
    def marks(self) -> set[Mark]:
        """What it defines."""
        return {each.mark for each in self.definitions if each is not None}


@dataclass
class Item:
    """A displayed equation, and what went wrong in it if anything did."""

    source: Source
    comment: Comment | None = None
    lines: list[Line] = field(default_factory=list)
    settings: list[Settings] = field(default_factory=list)  # for each draw
    error: EquationError | None = None
    error_in: Source | None = None  # the equation with the definition it is in
    at: int = 0  # the line of the page that is being checked
    compared: list[Compared] = field(default_factory=list)  # by `check`
    outcome: Outcome | None = None
    failed_line: Line | None = None
    draw: int = 0
    shapes: dict[str, str] = field(default_factory=dict)
    open_settings: list[Setting] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return self.error is not None or self.outcome is not None

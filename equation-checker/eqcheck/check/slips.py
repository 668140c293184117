"""What could be meant in an equation but is more likely a slip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from eqcheck.check.compare import shown_unit
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Big,
    Binder,
    Index,
    Limit,
    Node,
    Relation,
    Symbol,
    children,
    walk,
)
from eqcheck.latex.statements import Row
from eqcheck.symbols.comment import Comment, CommentError


def refuse_numbers_as_indices(rows: Sequence[Row], known: AbstractSet[str]) -> None:
    """A number given further up that now looks like an index is asked about."""
    for row in rows:
        for each in _index_symbols(row.statement):
            if each.name in known and re.fullmatch("[a-z]", each.name):
                raise EquationError(
                    f"{each.name} was given as a number further up; is it an "
                    f"index here? Say `{each.name} in 1..n`, `new {each.name}`"
                    " or give it again",
                    each.at,
                )


def _index_symbols(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Symbol]:
    """Symbols that stand alone as an index or a layer, and that nothing binds."""
    if isinstance(node, Big):
        bound = bound | {binder.name for binder in node.binders}
    alone: tuple[Node | None, ...] = ()
    if isinstance(node, Index):
        alone = node.items
    elif isinstance(node, Symbol):
        alone = (node.layer,)
    for each in alone:
        if isinstance(each, Symbol) and each.name not in bound:
            yield each
    for _, below in children(node):
        yield from _index_symbols(below, bound)


def refuse_idle(comment: Comment, rows: Sequence[Row]) -> None:
    """A line of the comment that changes nothing is a slip or a misunderstanding."""
    nodes = [node for row in rows for node in walk(row.statement)]
    shown = {node.name for node in nodes if isinstance(node, Symbol)}
    shown |= {node.name for node in nodes if isinstance(node, Binder)}
    shown |= {node.variable for node in nodes if isinstance(node, Limit)}
    lines = {name: bounds[0].line for name, bounds in comment.ranges.items()}
    lines |= {name: python.line for name, python in comment.sequences}
    for name, line in lines.items():
        if name not in shown:
            raise CommentError(f"{name} does not stand in this equation", line)
    approximate = any(
        operator == r"\approx" and not any(map(shown_unit, pair))
        for row in rows
        for operator, *pair in _neighbours(row.statement.relation)
    )
    if comment.tolerance is not None and not approximate:
        raise CommentError(
            r"the tolerance is for \approx between two expressions: none is here "
            "(means, limits and literal numbers tell their own)",
            comment.tolerance.line,
        )


def _neighbours(relation: Relation) -> Iterator[tuple[str, Node, Node]]:
    sides = relation.sides
    yield from zip(relation.operators, sides, sides[1:], strict=False)

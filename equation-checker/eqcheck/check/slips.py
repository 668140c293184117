"""What could be meant in an equation but is more likely a slip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Big,
    Binder,
    Index,
    Limit,
    Mean,
    Node,
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
    estimates = any(isinstance(node, Mean | Limit) for node in nodes)
    approximate = any(r"\approx" in row.statement.relation.operators for row in rows)
    if comment.tolerance is not None and not estimates and not approximate:
        raise CommentError(
            r"the tolerance is for \approx, means of draws and limits: none is here",
            comment.tolerance.line,
        )

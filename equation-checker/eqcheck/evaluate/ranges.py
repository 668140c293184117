"""Which symbols are indices, and how far they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.nodes import (
    At,
    Big,
    Binder,
    Index,
    Indicator,
    Integral,
    Limit,
    Node,
    Symbol,
    index_items,
    names_in,
    remembered,
    walk,
)
from eqcheck.symbols.layers import shared_layers


def infer_range(
    evaluator: Context, name: str, nodes: Sequence[Node], at: Position
) -> tuple[int, int]:
    """The range that the shapes of the arrays imply for an index."""
    found: dict[tuple[int, int], str] = {}
    for node in nodes:
        for shown, low, high in _evidence(evaluator, name, node):
            found.setdefault((low, high), shown)
    if len(found) > 1:
        listed = ", ".join(f"{lo}..{hi} in {s}" for (lo, hi), s in found.items())
        raise EquationError(f"the index {name} has different ranges: {listed}", at)
    if found:
        return next(iter(found))
    table = evaluator.env.root.layer_table
    layers = set.intersection(*(shared_layers(node, name, table) for node in nodes))
    if layers:
        return min(layers), max(layers)
    raise EquationError(
        f"no array shows how far the index {name} runs: "
        f"say `{name} in 1..n` in the comment",
        at,
    )


def _is_plain(node: Node | None, name: str) -> bool:
    return isinstance(node, Symbol) and node.name == name and node.layer is None


def _evidence(
    evaluator: Context, name: str, node: Node
) -> Iterator[tuple[str, int, int]]:
    """Where an index stands alone as the index of an array."""
    if name not in names_in(node):
        return
    if isinstance(node, Big) and name in {b.name for b in node.binders}:
        return
    if isinstance(node, Index) and any(_mentions(item, name) for item in node.items):
        yield from _indexed(evaluator, name, node)
    for below in node.below:
        yield from _evidence(evaluator, name, below)


def _mentions(node: Node, name: str) -> bool:
    return _is_plain(node, name)


def _indexed(
    evaluator: Context, name: str, node: Index
) -> Iterator[tuple[str, int, int]]:
    base = node.base
    root = evaluator.env.root
    if isinstance(base, Symbol) and base.name in evaluator.scope:
        return
    try:
        value = evaluator.value(base)
    except EquationError:
        return  # not known yet, or depends on indices that are still open
    starts = root.starts.get(base.name, ()) if isinstance(base, Symbol) else ()
    shown = base.name if isinstance(base, Symbol) else "an expression"
    for k, item in enumerate(index_items(node, value.ndim)):
        if _is_plain(item, name) and k < value.ndim:
            start = starts[k] if k < len(starts) else 1
            yield shown, start, start + value.shape[k] - 1


@remembered
def free_names(node: Node) -> Mapping[str, Position]:
    """All plain symbols that nothing in the expression binds, in order."""
    found: dict[str, Position] = {}
    if isinstance(node, Symbol) and node.layer is None:
        return {node.name: node.at}
    for below, bound in _below(node):
        for name, at in free_names(below).items():
            if name not in bound:
                found.setdefault(name, at)
    return found


def _below(node: Node) -> Iterator[tuple[Node, set[str]]]:
    """The nodes directly below, each with the names that are bound in it."""
    if isinstance(node, Big):
        seen: set[str] = set()
        for binder in node.binders:
            for part in (binder.low, binder.high, binder.within):
                if part is not None:
                    yield part, seen
            seen = seen | {binder.name}
        for each in (*node.conditions, node.body):
            yield each, seen
    elif isinstance(node, At):
        yield node.body, {t.name for t in node.targets if isinstance(t, Symbol)}
        for value in node.values:
            yield value, set()
    elif isinstance(node, Limit):
        yield node.target, set()
        yield node.body, {node.variable}
    elif isinstance(node, Integral):
        for end in (node.low, node.high):
            if end is not None:
                yield end, set()
        yield node.body, {node.variable}
    else:
        for below in node.below:
            yield below, set()


@remembered
def bound_names(node: Node) -> Mapping[str, Position]:
    """All names that an operator below binds."""
    found: dict[str, Position] = {}
    for each in walk(node):
        if isinstance(each, Big):
            for binder in each.binders:
                found.setdefault(binder.name, each.at)
    return found


@remembered
def index_positions(node: Node) -> set[str]:
    """Names that stand where an index stands: subscripts, layers, conditions."""
    found: set[str] = set()
    for each in walk(node):
        parts: tuple[Node, ...] = ()
        if isinstance(each, Index):
            parts = each.items
        elif isinstance(each, Indicator):
            parts = each.conditions
        elif isinstance(each, Symbol) and each.layer is not None:
            parts = (each.layer,)
        elif isinstance(each, Binder):
            parts = tuple(part for part in (each.low, each.high) if part is not None)
        for part in parts:
            found |= {s.name for s in walk(part) if isinstance(s, Symbol)}
    return found

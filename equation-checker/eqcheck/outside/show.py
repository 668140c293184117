"""An equation as it was understood: the parse as an indented tree, and its values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqcheck.arrays.values import IndexValue, Value
from eqcheck.check.item import Item, Line
from eqcheck.check.page import Page
from eqcheck.check.statement import evaluators
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Add,
    Big,
    Binary,
    Binder,
    Call,
    Function,
    Index,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Symbol,
    Transpose,
    children,
)
from eqcheck.outside.report import line_summary


def tree(node: Node, depth: int = 0) -> Iterator[str]:
    """One line for each part; short parts stay on one line."""
    pad = "  " * depth
    if (text := short(node)) is not None:
        yield pad + text
        return
    yield pad + _head(node)
    for _, below in children(node):
        if not isinstance(below, Binder):
            yield from tree(below, depth + 1)


def short(node: Node) -> str | None:
    """A symbol or number with simple indices, as one word; else nothing."""
    match node:
        case Number(value):
            return str(value)
        case Symbol(name, None):
            return name
        case Symbol(name, layer) if layer is not None and (text := short(layer)):
            return f"{name}^({text})"
        case Index(base, items):
            parts = [short(base), *map(short, items)]
            if all(parts):
                return f"{parts[0]}[{', '.join(p for p in parts[1:] if p)}]"
        case Add(signs, terms) if all(isinstance(t, Symbol | Number) for t in terms):
            words = [
                f"{'+' if s > 0 else '-'} {short(t)}"
                for s, t in zip(signs, terms, strict=True)
            ]
            return " ".join(words).removeprefix("+ ").replace("- ", "-", 1)
    return None


def _head(node: Node) -> str:
    match node:
        case Relation(operators=operators):
            return f"relation {' '.join(operators)}"
        case Add(signs=signs):
            return f"sum of terms ({' '.join('+' if s > 0 else '-' for s in signs)})"
        case Product():
            return "product"
        case Binary(operator=operator):
            return operator
        case Quotient():
            return "quotient"
        case Power(entrywise=entrywise):
            return "power, entry by entry" if entrywise else "power"
        case Transpose():
            return "transpose"
        case Call(function=function, primes=primes):
            kind = "LaTeX function" if isinstance(function, Function) else "function"
            return f"{kind} {function.name}{chr(39) * primes}"
        case Big(operator=operator, binders=binders):
            return f"{operator} over {', '.join(map(_binder, binders))}"
    return type(node).__name__.lower()


def _binder(binder: Binder) -> str:
    if binder.low is not None and binder.high is not None:
        low, high = short(binder.low) or "...", short(binder.high) or "..."
        return f"{binder.name} = {low}..{high}"
    return binder.name


def explain(page: Page, item: Item) -> Iterator[str]:
    """How each statement was read, its indices and its values in the first draw."""
    for line in item.lines:
        yield f"line {line.line}: {line_summary(line)}"
        yield from tree(line.row.statement.relation, 1)
        if line.asserted is not None and not item.failed:
            yield from _values(page, item, line)


def _values(page: Page, item: Item, line: Line) -> Iterator[str]:
    assert line.asserted is not None
    root, settings = page.roots[0], item.settings[0]
    try:
        evaluator = next(evaluators(line.asserted, root, settings))
    except (EquationError, StopIteration):
        return
    for name, value in evaluator.scope.items():
        if isinstance(value, IndexValue):
            yield f"    index {name} = {value.start}..{value.stop}"
        else:
            yield f"    layer {name} = {int(value.array)}, ..."
    for k, side in enumerate(line.asserted.relation.sides):
        try:
            yield f"    side {k + 1}: {_shown(evaluator.value(side))}"
        except EquationError:
            yield f"    side {k + 1}: a set"


def _shown(value: Value) -> str:
    array = np.real(value.array)
    text = np.array2string(
        array, precision=5, threshold=12, edgeitems=2, separator=", "
    )
    shape = f"shape {array.shape}: " if array.shape else ""
    return shape + " ".join(text.split())

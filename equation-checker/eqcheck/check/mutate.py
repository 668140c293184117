"""Small changes of an equation that ought to make it false.

`mutations` lists them; whether a changed form is noticed is found out in `trial.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from eqcheck.latex.nodes import (
    Add,
    Big,
    Binary,
    Binder,
    Call,
    Cases,
    Function,
    Index,
    Indicator,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Root,
    Symbol,
    Transpose,
    children,
    replace_child,
)

_OTHER_FUNCTION = {
    "ln": "exp",
    "log": "exp",
    "exp": "cosh",
    "tanh": "sinh",
    "sin": "cos",
    "cos": "sin",
    "sinh": "cosh",
    "cosh": "sinh",
    "max": "min",
    "min": "max",
    "floor": "ceil",
    "ceil": "floor",
}
_OTHER_OPERATOR = {r"\sum": r"\prod", r"\prod": r"\sum", "mean": r"\sum"}
_OTHER_OPERATOR |= {r"\max": r"\min", r"\min": r"\max"}
_OTHER_OPERATOR |= {r"\arg\max": r"\arg\min", r"\arg\min": r"\arg\max"}
REVERSED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "!=", "!=": "="}
STRICTNESS = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}
_LITTLE = "a little: "
LITTLE = 0.05  # a constant changed by so much of itself must be noticed, too
REVERSED |= {r"\in": r"\notin", r"\notin": r"\in"}


@dataclass
class Mutant:
    """A changed form of a statement."""

    description: str
    line: int
    caught: bool = False
    reason: str = ""  # why it cannot be noticed, as the author says

    def __str__(self) -> str:
        because = f", because {self.reason}" if self.reason else ""
        return f"line {self.line}: {self.description}{because}"


def mutations(
    node: Node,
    indices: tuple[str, ...],
    others: Mapping[str, str] | None = None,
    *,
    little: bool = True,
) -> Iterator[tuple[str, Node]]:
    """All changed forms of an expression, each with a description.

    `indices` are the names that may stand in the place of another index; `others` has
    for some symbols another that could stand in their place. With `little` constants
    are changed by a small part of themselves as well.
    """
    for what, new in _mutations(node, indices, others or {}, whole=False):
        if little or not what.startswith(_LITTLE):
            yield what.removeprefix(_LITTLE), new


def _mutations(
    node: Node, indices: tuple[str, ...], others: Mapping[str, str], *, whole: bool
) -> Iterator[tuple[str, Node]]:
    for what, changed in _here(node, indices):
        yield f"{what} (column {node.at.column})", changed
    if not whole:  # an index or a bound is a whole number, and no symbol of the text
        for what, changed in _little(node, others):
            yield f"{what} (column {node.at.column})", changed
    below = indices
    if isinstance(node, Big):
        bound = [b.name for b in node.binders]
        below = (*indices, *(name for name in bound if name not in indices))
        others = {name: other for name, other in others.items() if name not in bound}
    for where, child in children(node):
        field = where[0]
        counts = field in {"items", "layer", "binders", "targets", "function"}
        for what, changed in _mutations(child, below, others, whole=whole or counts):
            yield what, replace_child(node, where, changed)


def _little(node: Node, others: Mapping[str, str]) -> Iterator[tuple[str, Node]]:
    match node:
        case Number(value) if np.isfinite(value):
            little = value * (1 + LITTLE) if value else LITTLE
            changed = replace(node, value=little)  # as precise as it is shown
            yield f"{_LITTLE}{value} became {little:.4g}", changed
        case Symbol(name, layer=None) if name in others:
            yield f"{name} became {others[name]}", Symbol(others[name], at=node.at)


def _here(node: Node, indices: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    match node:
        case Add():
            yield from _of_sum(node)
        case Product(factors):
            for k in range(len(factors)):
                rest = factors[:k] + factors[k + 1 :]
                kept = rest[0] if len(rest) == 1 else Product(rest, at=node.at)
                yield f"factor {k + 1} dropped", kept
        case Quotient(top, bottom):
            yield "fraction turned over", Quotient(bottom, top, at=node.at)
        case Power(base, exponent):
            yield "exponent dropped", base
            if not isinstance(exponent, Number):
                negative = Add((-1,), (exponent,), at=exponent.at)
                yield "sign of the exponent", replace(node, exponent=negative)
        case Index(base, items):
            yield from _of_indices(node, base, items, indices)
        case Big(operator=operator) if operator in _OTHER_OPERATOR:
            other = _OTHER_OPERATOR[operator]
            yield f"{operator} became {other}", replace(node, operator=other)
        case Binder(high=high) if high is not None:
            one_less = Add((1, -1), (high, Number(1)), at=high.at)
            yield "upper bound less 1", replace(node, high=one_less)
        case Binary(left=left, right=right):
            yield f"{node.operator} became +", Add((1, 1), (left, right), at=node.at)
        case Call(function=Function(name=name)) if name in _OTHER_FUNCTION:
            other = _OTHER_FUNCTION[name]
            changed = replace(node, function=Function(other, at=node.function.at))
            yield f"{name} became {other}", changed
        case Call(function=Symbol(), primes=primes) if primes:
            yield "prime dropped", replace(node, primes=primes - 1)
        case Transpose(base):
            yield "transpose dropped", base
        case Root(radicand):
            yield "root dropped", radicand
        case Number(value) if value != float("inf"):
            yield f"{value} became {value + 1}", replace(node, value=value + 1)
        case Cases(values) if len(values) > 1:
            turned = (*values[1:], values[0])
            yield "cases exchanged", replace(node, values=turned)
        case Indicator(conditions):
            first = conditions[0]
            if first.operators[0] in REVERSED:
                yield (
                    "condition reversed",
                    replace(node, conditions=(reverse(first), *conditions[1:])),
                )

        case Relation(operators=operators):  # a condition: statements are not asked
            for k, operator in enumerate(operators):
                if operator in STRICTNESS:
                    other = STRICTNESS[operator]
                    yield (
                        f"{operator} became {other}",
                        with_operator(node, k, other),
                    )


def _of_sum(node: Add) -> Iterator[tuple[str, Node]]:
    for k, sign in enumerate(node.signs):
        flipped = (*node.signs[:k], -sign, *node.signs[k + 1 :])
        yield f"sign of term {k + 1}", replace(node, signs=flipped)
        if len(node.terms) > 1:
            signs = node.signs[:k] + node.signs[k + 1 :]
            terms = node.terms[:k] + node.terms[k + 1 :]
            yield f"term {k + 1} dropped", replace(node, signs=signs, terms=terms)
    doubled = replace(
        node, signs=(*node.signs, node.signs[-1]), terms=(*node.terms, node.terms[-1])
    )
    yield "last term twice", doubled


def _of_indices(
    node: Index, base: Node, items: tuple[Node, ...], indices: tuple[str, ...]
) -> Iterator[tuple[str, Node]]:
    for k, item in enumerate(items):
        if not isinstance(item, Symbol):
            continue
        others = [name for name in indices if name != item.name]
        for name in others[:2]:
            new = (*items[:k], Symbol(name, at=item.at), *items[k + 1 :])
            yield f"index {item.name} became {name}", replace(node, items=new)
    if len(items) > 1 and items[0] != items[1]:
        swapped = (items[1], items[0], *items[2:])
        yield "indices exchanged", Index(base, swapped, node.split, at=node.at)


def reverse(relation: Relation) -> Relation:
    """The relation with its first sign turned round."""
    return with_operator(relation, 0, REVERSED[relation.operators[0]])


def with_operator(relation: Relation, k: int, operator: str) -> Relation:
    """The relation with another sign at one place."""
    operators = (*relation.operators[:k], operator, *relation.operators[k + 1 :])
    return replace(relation, operators=operators)

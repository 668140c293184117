r"""Dots between a first and a last term, written out as what they stand for.

`w_1 x_1 + \cdots + w_d x_d` is a sum over an index of its own, found by comparing the
term before the dots with the one behind: they must differ by one number or symbol
wherever they differ. What can be meant in two ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.nodes import (
    Add,
    Big,
    Binder,
    Dots,
    Index,
    Node,
    Number,
    Power,
    Symbol,
    children,
    replace_child,
    walk,
)

RUN = r"\dots"  # the operator of a run of entries in a list
_COUNTER = r"\dots index"


def expand(terms: list[Node], operator: str) -> list[Node]:
    """The terms with each run `first, ..., last` as one big operator."""
    out: list[Node] = []
    k = 0
    while k < len(terms):
        term = terms[k]
        if not isinstance(term, Dots):
            out.append(term)
            k += 1
            continue
        if not out or k + 1 >= len(terms) or isinstance(out[-1], Big):
            _ask(term.at, "they need a term before and a term behind them")
        second_last = out[-2] if len(out) > 1 else None
        out[-1] = _run(second_last, out[-1], terms[k + 1], operator, term.at)
        k += 2
    return out


def expand_sum(node: Add) -> Node:
    """A sum without dots; the terms beside dots have one sign."""
    if not any(isinstance(term, Dots) for term in node.terms):
        return node
    kept: list[int] = []  # the signs of all but the dots and the last terms
    for k, (sign, term) in enumerate(zip(node.signs, node.terms, strict=True)):
        beside = node.signs[max(k - 1, 0) : k + 2]
        if isinstance(term, Dots) and len(set(beside)) > 1:
            _ask(term.at, "the signs beside them differ")
        if not isinstance(term, Dots) and not (
            k and isinstance(node.terms[k - 1], Dots)
        ):
            kept.append(sign)
    expanded = expand(list(node.terms), r"\sum")
    if len(expanded) == 1 and kept == [1]:
        return expanded[0]
    return Add(tuple(kept), tuple(expanded), at=node.at)


def _run(
    earlier: Node | None, first: Node, last: Node, operator: str, at: Position
) -> Node:
    first, last = _indexed(first, last), _indexed(last, first)
    earlier = earlier and _indexed(earlier, first)
    found = _differences(first, last)
    pairs = set(found)
    if len(pairs) != 1:
        _ask(at, "the terms beside them differ in more than one number")
    low, high = pairs.pop()
    whole = (low, high) == (first, last)
    step = _step(earlier, first, low)
    if step is not None and abs(step) != 1:
        _ask(at, f"the terms before them go up by {step}")
    if step is None and (whole or not _plain(high)):
        _ask(at, "one more term before them would say how they go on")
    counter: Node = Symbol(_COUNTER, at=first.at)
    if step == -1 or (step is None and not _counts(low) and _counts(high)):
        # down from low to high, in this order
        counter = Add((1, 1, -1), (low, high, counter), at=first.at)
        low, high = high, low
    body = _replaced(first, last, counter)
    if any(b.name == _COUNTER for b in walk(body) if isinstance(b, Binder)):
        _ask(at, "these are dots within dots")
    return Big(operator, (Binder(_COUNTER, low, high),), (), body, at=at)


_NUMBERED = re.compile(r"(.+)_\{(\d+)\}")


def _indexed(term: Node, last: Node) -> Node:
    """The term with `x_1` as an entry of x where the last one has entries of x."""
    if isinstance(term, Symbol):
        match = _NUMBERED.fullmatch(term.name)
        bases = {i.base for i in walk(last) if isinstance(i, Index)}
        if match and (base := replace(term, name=match[1])) in bases:
            return Index(base, (Number(int(match[2])),), at=term.at)
        return term
    for where, below in list(children(term)):
        term = replace_child(term, where, _indexed(below, last))
    return term


def _differences(first: Node, last: Node) -> list[tuple[Node, Node]]:
    """The smallest parts in which two terms differ."""
    if first == last:
        return []
    if type(first) is not type(last) or isinstance(first, Number | Symbol):
        if isinstance(first, Symbol) and isinstance(last, Symbol):
            return _layers(first, last)
        return [(first, last)]
    below, beside = list(children(first)), list(children(last))
    if [where for where, _ in below] != [where for where, _ in beside]:
        return [(first, last)]
    if _emptied(first) != _emptied(last):
        return [(first, last)]
    return [
        pair
        for (_, one), (_, other) in zip(below, beside, strict=True)
        for pair in _differences(one, other)
    ]


def _layers(first: Symbol, last: Symbol) -> list[tuple[Node, Node]]:
    if first.name == last.name and first.layer and last.layer:
        return _differences(first.layer, last.layer)
    return [(first, last)]


def _emptied(node: Node) -> Node:
    """The node without what stands below, to compare what else it says."""
    for where, _ in list(children(node)):
        node = replace_child(node, where, Number(0))
    return node


def _replaced(first: Node, last: Node, counter: Node) -> Node:
    """The first term with the counter wherever the last one differs."""
    if first == last:
        return first
    same_kind = type(first) is type(last) and not isinstance(first, Number)
    if isinstance(first, Symbol) and isinstance(last, Symbol):
        same_kind = bool(first.name == last.name and first.layer and last.layer)
    if not same_kind or _emptied(first) != _emptied(last):
        return counter
    beside = [below for _, below in children(last)]
    out = first
    for (where, one), other in zip(list(children(first)), beside, strict=True):
        out = replace_child(out, where, _replaced(one, other, counter))
    return out


def _step(earlier: Node | None, first: Node, low: Node) -> int | None:
    """How far the two terms before the dots are apart; None if they are no pair."""
    if earlier is None:
        return None
    pairs = set(_differences(earlier, first))
    if len(pairs) == 1:
        before, after = pairs.pop()
        if after == low:
            return _distance(before, after)
    return _power_step(earlier, first) if isinstance(first, Power) else None


def _power_step(earlier: Node, first: Power) -> int | None:
    """How far `x^2` is from `x`, or from 1."""
    lower = {first.base: 1, Number(1): 0}.get(earlier)
    exponent = first.exponent
    if lower is None or not isinstance(exponent, Number):
        return None
    return int(exponent.value) - lower


def _distance(before: Node, after: Node) -> int | None:
    """`after - before` for `2, 3` or `k, k + 1`."""
    (one, start), (other, end) = _parts(before), _parts(after)
    return end - start if one == other else None


def _parts(node: Node) -> tuple[Node | None, int]:
    """A symbol and the whole number added to it."""
    if isinstance(node, Number) and isinstance(node.value, int):
        return None, node.value
    if isinstance(node, Add) and len(node.terms) == 2 and node.signs[0] == 1:
        symbol, number = node.terms
        if isinstance(number, Number) and isinstance(number.value, int):
            return symbol, node.signs[1] * number.value
    return node, 0


def _counts(node: Node) -> bool:
    return _parts(node)[0] is None


def _plain(node: Node) -> bool:
    """Whether a last index is a number or a symbol, perhaps with a number added."""
    symbol, _ = _parts(node)
    return symbol is None or isinstance(symbol, Symbol | Index)


def expand_product(factors: list[Node]) -> list[Node]:
    """Factors without dots between them."""
    if len(factors) == 1 or not any(isinstance(f, Dots) for f in factors):
        return factors
    return expand(factors, r"\prod")


def _ask(at: Position, why: str) -> NoReturn:
    raise EquationError(
        rf"what do these dots stand for? {why[0].upper()}{why[1:]}; "
        r"or write \sum or \prod",
        at,
    )

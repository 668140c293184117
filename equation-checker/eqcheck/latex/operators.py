"""Sums, products, maxima and limits: what they bind and how far it runs."""

from __future__ import annotations

from dataclasses import replace

from eqcheck.latex.context import Context
from eqcheck.latex.nodes import (
    Add,
    Big,
    Binder,
    Integral,
    Limit,
    Node,
    Product,
    Relation,
    Symbol,
)
from eqcheck.latex.parse import Syntax
from eqcheck.latex.spelling import chains, leaf, position, refuse, spell, token, trees

_NAMES = {r"\argmax": r"\arg\max", r"\argmin": r"\arg\min"}


def read_big(reader: Context, part: Syntax) -> Node:
    """An operator with its indices and all that it applies to."""
    operator = "".join(str(part.children[0]).split())
    *scripts, last = trees(part)
    sub: Syntax | None = None
    sup: Syntax | None = None
    for script in scripts:
        if script.data == "sup":
            sup = trees(script)[0]
        elif sub is not None:
            refuse("two subscripts", script)
        else:
            sub = trees(script)[0] if script.data == "sub" else script
    body = reader.expression(last)
    if (sign := token(part, "ADDOP")) is not None:  # `\sum_i -x_i`
        if sign not in {"+", "-"}:
            refuse(f"{sign} states two things at once", part)
        body = Add((1 if sign == "+" else -1,), (body,), at=body.at)
    if operator == r"\lim":
        return _limit(reader, sub, body, part)
    return bind(reader, _NAMES.get(operator, operator), (sub, sup), body, part)


def bind(
    reader: Context,
    operator: str,
    scripts: tuple[Syntax | None, Syntax | None],
    body: Node,
    part: Syntax,
) -> Node:
    """An operator over what stands below and above it."""
    sub, sup = scripts
    if sub is None:
        refuse(f"{operator} needs an index below", part)
    binders: list[Binder] = []
    conditions: list[Relation] = []
    for entry in _entries(reader, sub):
        binder = _binder(entry)
        new = binder is not None and binder.name not in {b.name for b in binders}
        if binder is not None and new:
            binders.append(binder)
        if isinstance(entry, Relation) and (not new or binder == _bare(binder)):
            conditions.append(entry)
        elif binder is None:
            refuse(r"an index such as k, k=1 or k \in S is expected", sub)
    if sup is not None:
        last = binders[-1]
        if last.low is None or last.high is not None:
            refuse("a bound above needs one below: k=1", sup)
        last = replace(last, high=reader.expression(sup))
        binders[-1] = last
        # `i, j = 1` below: both run as far
        binders = [replace(last, name=b.name) if b == _bare(b) else b for b in binders]
    if any(b.low is not None and b.high is None for b in binders):
        refuse("the upper bound is missing", part)
    at = position(part)
    return Big(operator, tuple(binders), tuple(conditions), body, at=at)


def _bare(binder: Binder | None) -> Binder | None:
    return binder and Binder(binder.name)


def _limit(reader: Context, sub: Syntax | None, body: Node, part: Syntax) -> Node:
    entry = _entries(reader, sub)[0] if sub is not None else None
    if not isinstance(entry, Relation) or entry.operators != (r"\to",):
        refuse(r"write \lim_{h \to 0}", part)
    variable, target = entry.sides
    if not isinstance(variable, Symbol):
        refuse("a symbol goes to its limit", part)
    return Limit(variable.name, target, body, at=position(part))


def read_integral(reader: Context, part: Syntax) -> Node:
    """An integral over one variable."""
    *scripts, inside, last = trees(part)
    bounds: dict[str, Syntax] = {}
    for script in scripts:
        if script.data not in {"sub", "sup"} or script.data in bounds:
            refuse(r"write \int_a^b", script)
        bounds[str(script.data)] = trees(script)[0]
    variable = spell(last)
    if bounds.keys() == {"sub"} and spell(bounds["sub"]) == variable:
        bounds.clear()  # `\int_x`: over all x
    if len(bounds) == 1:
        refuse(
            r"both bounds are needed: \int_a^b, one integral for each variable", part
        )
    ends = [bounds.get(script) for script in ("sub", "sup")]
    low, high = (None if end is None else reader.expression(end) for end in ends)
    return Integral(variable, low, high, reader.expression(inside), at=position(part))


def _entries(reader: Context, sub: Syntax) -> list[Node]:
    """What commas separate below an operator; `ij` is two indices."""
    if sub.data != "group":
        return [reader.juxtaposition([leaf(sub)])]
    listed: list[Node] = []
    for part in chains(trees(sub)[0]):
        entry = reader.chain(part)
        letters = entry.factors if isinstance(entry, Product) else ()
        if letters and all(isinstance(letter, Symbol) for letter in letters):
            listed += letters
        else:
            listed.append(entry)
    return listed


def _binder(entry: Node) -> Binder | None:
    """What one entry below an operator binds, if it binds."""
    if isinstance(entry, Symbol):
        return Binder(entry.name, at=entry.at)
    if not isinstance(entry, Relation):
        return None
    first, *rest = entry.sides
    if isinstance(first, Symbol) and len(rest) == 1:
        if entry.operators == ("=",):
            return Binder(first.name, low=rest[0], at=entry.at)
        if entry.operators == (r"\in",):
            return Binder(first.name, within=rest[0], at=entry.at)
        return Binder(first.name, at=entry.at)
    if len(rest) == 2 and entry.operators == ("<=", "<="):
        middle = rest[0]
        if isinstance(middle, Symbol):
            return Binder(middle.name, low=first, high=rest[1], at=entry.at)
    return None

"""Derivatives written as fractions of differentials."""

from __future__ import annotations

from eqcheck.latex.context import Context
from eqcheck.latex.nodes import Node, Number, Partial
from eqcheck.latex.parse import Syntax
from eqcheck.latex.spelling import (
    is_symbol_like,
    position,
    refuse,
    spell,
    split_scripts,
)


def read_derivative(
    reader: Context, top: list[Syntax], bottom: list[Syntax]
) -> Partial | None:
    r"""`\partial f / \partial x`; nothing if these are no differentials.

    Where nothing but `\partial` stands above, the body is the number 0: what is
    differentiated stands behind the fraction.
    """
    operator = _differential(reader, top[0]) if top else None
    if operator is None or _differential(reader, bottom[0]) != operator:
        return None
    targets: list[Node] = []
    place = iter(bottom)
    for head in place:
        if _differential(reader, head) != operator:
            refuse(rf"{operator} is expected before each variable", head)
        targets += _targets(reader, next(place, None), head)
    _, scripts = split_scripts(top[0])
    order = spell(scripts.sups[0]) if scripts.sups else "1"
    if order != str(len(targets)):
        refuse(f"{order} derivatives above, {len(targets)} below", top[0])
    body = reader.juxtaposition(top[1:]) if len(top) > 1 else Number(0)
    return Partial(body, tuple(targets), at=position(top[0]))


def _differential(reader: Context, part: Syntax) -> str | None:
    base, _ = split_scripts(part)
    if base.data == "partial":
        return r"\partial"
    text = spell(base)
    is_d = text == r"\mathrm{d}" or (text == "d" and not reader.names.knows("d"))
    return "d" if is_d else None


def _targets(reader: Context, part: Syntax | None, head: Syntax) -> list[Node]:
    """The variable, as often as it is differentiated by."""
    if part is None:
        refuse("the variable of this derivative is missing", head)
    base, scripts = split_scripts(part)
    if not is_symbol_like(base):
        refuse("a derivative is taken with respect to a symbol", part)
    order = 1
    if scripts.sups and spell(scripts.sups[-1]).isdigit():
        order = int(spell(scripts.sups.pop()))
    return [reader.symbol(base, scripts)] * order

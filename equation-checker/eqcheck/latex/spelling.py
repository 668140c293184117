"""What a piece of syntax looks like when it is part of a name or of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn, TypeGuard

from lark import Token, Tree

from eqcheck.latex import names
from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.parse import Syntax

Part = Syntax | Token

_SYMBOL_LIKE = {"symbol", "word", "accent"}
_BRACES = {"LBRACE", "RBRACE"}


def position(part: Part) -> Position:
    """Where a piece of syntax starts."""
    line = part.line if isinstance(part, Token) else getattr(part.meta, "line", 1)
    column = part.column if isinstance(part, Token) else getattr(part.meta, "column", 1)
    return Position(line or 1, column or 1)


def is_tree(part: Part) -> TypeGuard[Syntax]:
    """Whether this is more than a token."""
    return isinstance(part, Tree)


def trees(part: Syntax) -> list[Syntax]:
    """The parts below that are not tokens."""
    return [child for child in part.children if is_tree(child)]


def token(part: Syntax, kind: str) -> Token | None:
    """The first token of this kind directly below."""
    for child in part.children:
        if isinstance(child, Token) and child.type == kind:
            return child
    return None


def only(part: Syntax) -> Syntax:
    """Look through groups and expressions that hold one thing."""
    while part.data in {"group", "inside", "chain", "alone", "closed", "single"}:
        below = trees(part)
        if len(below) != 1 or token(part, "REL"):
            break
        part = below[0]
    return part


def spell(part: Part) -> str:
    """The tokens of a piece of syntax as one string, for use in a name."""
    if isinstance(part, Token):
        if part.type in _BRACES:
            return ""
        if part.type == "WORD":
            return names.word(part.value)
        return names.symbol(part.value)
    if part.data == "accent":
        kind = str(part.children[0]).removeprefix("\\").removeprefix("wide")
        inner = "".join(spell(child) for child in part.children[1:])
        return rf"\{'bar' if kind == 'overline' else kind}{{{inner}}}"
    return "".join(spell(child) for child in part.children)


@dataclass
class Scripts:
    """What hangs on a factor: primes, one subscript, superscripts in order."""

    primes: int = 0
    sub: Syntax | None = None
    sups: list[Syntax] = field(default_factory=list)
    factorial: bool = False


def split_scripts(part: Syntax) -> tuple[Syntax, Scripts]:
    """A factor without its scripts, and its scripts."""
    scripts = Scripts()
    if part.data != "scripted":
        return part, scripts
    base, *rest = trees(part)
    for script in rest:
        if script.data == "prime":
            scripts.primes += 1
        elif script.data == "factorial":
            _factorial(scripts, script)
        elif script.data == "sup":
            scripts.sups.append(trees(script)[0])
        elif scripts.sub is None:
            scripts.sub = trees(script)[0]
        else:
            raise EquationError("two subscripts", position(script))
    return base, scripts


def _factorial(scripts: Scripts, part: Syntax) -> None:
    if scripts.sups or scripts.factorial:
        raise EquationError("put brackets around what ! belongs to", position(part))
    scripts.factorial = True


def is_symbol_like(part: Syntax) -> bool:
    """Whether this can carry a name."""
    return part.data in _SYMBOL_LIKE


def items(part: Syntax) -> list[Syntax]:
    """The factors that stand side by side in a group or an expression."""
    part = only(part)
    if part.data == "open":
        return trees(part)
    if part.data == "closed":
        return trees(part)
    if part.data == "single":
        return [leaf(part)]
    return [part]


def leaf(single: Syntax) -> Syntax:
    """What stands alone behind `_` or `^`, as the atom it would be elsewhere."""
    child = single.children[0]
    if is_tree(child):
        return child
    assert isinstance(child, Token)
    kind = {
        "NUMBER": "number",
        "SYMBOL": "symbol",
        "WORD": "word",
        "INFTY": "infty",
        "FUNC": "func",
    }.get(child.type, child.type)
    return Tree(kind, [child], single.meta)


def label(sup: Syntax) -> Syntax | None:
    r"""The `l` of a superscript `^{(l)}`, or nothing if it is an exponent."""
    if sup.data not in {"group", "group_top"} or not trees(sup):
        return None
    inside = only(trees(sup)[0])
    if inside.data != "paren":
        return None
    content = trees(inside)
    if not content or len(trees(content[0])) != 1:
        return None
    return content[0]


def chains(inside: Syntax) -> list[Syntax]:
    """What commas separate inside brackets or braces."""
    return trees(inside)


def chains_of(script: Syntax) -> list[Syntax]:
    """What commas separate in a sub- or superscript."""
    return chains(trees(script)[0]) if script.data == "group" else [script]


def refuse(message: str, part: Syntax) -> NoReturn:
    """Point at what cannot be read."""
    raise EquationError(message, position(part))

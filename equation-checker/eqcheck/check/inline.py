"""Inline formulas as statements: what a sentence supposes, and what it then claims.

A formula with a relation is asserted. Three kinds do something else: "for $v > 0$" is a
condition of what the sentence claims; "with $p = 0$" is a setting, in which the claims
of the sentence are looked at; a symbol that nobody knows is defined for the paragraph.
A comment quotes what is not evaluated, with the reason, and what is false on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eqcheck.check.source import Formula
from eqcheck.latex.names import CONSTANTS, Names
from eqcheck.latex.nodes import At, Node, Relation, Symbol, names_in, walk
from eqcheck.latex.statements import Row, read_statements
from eqcheck.symbols.comment import Comment, CommentError

# The word right before a formula that makes it a condition of its sentence.
_CONDITION = re.compile(
    r"(?<!only )\b(if|where|when|whenever|with|for|at|once|given|suppose|let|take|put|"
    r"as long as|as soon as|every|any|all|some|each|from|until)[\s(*_\"“]*$",
    re.IGNORECASE,
)
_JOINT = re.compile(r",?\s*(and|or)\s*")


@dataclass(frozen=True)
class Setting:
    """`$p = 0$`: nothing that the checker knows says that this is so."""

    latex: str
    line: int
    column: int


@dataclass
class Stated:
    """What the inline formulas of a source come to."""

    rows: list[Row]
    false: set[int]  # places in `rows` of what is wrong on purpose
    settings: list[Setting]  # that no claim of their sentence looks at


@dataclass
class _Piece:
    formula: Formula
    row: Row
    is_condition: bool
    is_setting: bool
    used: bool = False


def read_inline(
    formulas: Sequence[Formula],
    comment: Comment,
    names: Names,
    given: set[str],
    holds: Callable[[Row], bool],
    sources: Callable[[set[str]], set[str]],
) -> Stated:
    """The statements of inline formulas.

    `given` are the symbols that have values; `holds` tells whether a setting is what
    these are anyway, and `sources` what symbols are made from.
    """
    quoted = {_squeezed(text): line for text, _, line in comment.excused}
    wrong = {_squeezed(text): line for text, line in comment.false}
    waiting = {**quoted, **wrong}
    pieces: list[_Piece] = []
    false_rows: list[Row] = []
    before: _Piece | None = None
    for k, formula in enumerate(formulas):
        latex = _squeezed(formula.latex)
        waiting.pop(latex, None)
        if latex in quoted:
            continue
        found = read_statements("\n" * k + formula.latex, names)
        if latex in wrong:
            false_rows += found
            continue
        for row in found:
            before = _piece(formula, row, before, given)
            pieces.append(before)
    for text, line in waiting.items():
        raise CommentError(f"no inline formula below says ${text}$", line)
    stated = Stated([], set(), [])

    def reached(names: set[str]) -> set[str]:
        """Symbols, and what they are made from, in this paragraph, too."""
        found, before = sources(names), set[str]()
        while found != before:
            before = found
            new = [p.row for p in pieces if p.row.defines and not p.is_condition]
            for row in new:
                if row.defines and row.defines.name in found:
                    found = found | sources({*names_in(row.statement)})
        return found

    for piece in pieces:
        if piece.is_condition or piece.is_setting:
            continue
        near = [p for p in pieces if p.formula.sentence == piece.formula.sentence]
        stated.rows.append(_supposing(piece.row, near, given, reached))
    for piece in pieces:
        if piece.used:
            continue
        if piece.is_setting and holds(piece.row):
            stated.rows.append(replace(piece.row, defines=None))
        elif piece.is_setting:
            here = piece.formula
            stated.settings.append(Setting(here.latex, here.line, here.column))
            if len(piece.row.statement.relation.sides) > 2:
                stated.rows.append(_without_first(piece.row))
        elif piece.is_condition:
            stated.rows.append(piece.row)
    stated.rows.sort(key=lambda row: row.first)
    for row in false_rows:
        stated.false.add(len(stated.rows))
        stated.rows.append(replace(row, defines=None))
    return stated


def _piece(
    formula: Formula, row: Row, before: _Piece | None, given: set[str]
) -> _Piece:
    relation = row.statement.relation
    words = formula.before
    joined = bool(
        before
        and before.formula.sentence == formula.sentence
        and (before.is_condition or before.is_setting)
        and _JOINT.fullmatch(words)
    )
    is_condition = joined or bool(_CONDITION.search(words))
    first = relation.sides[0]
    is_setting = (
        set(relation.operators) == {"="}
        and _is_symbol(first)
        and not any(_has_symbols(side) for side in relation.sides[1:])
    )
    if is_condition and not is_setting and row.defines is not None:
        # "let c = R(w)" with a new c is a definition, "if k = m" of two indices is not
        second = relation.sides[1]
        indices = isinstance(second, Symbol) and second.name not in given
        is_condition = row.defines.name in given or indices
    return _Piece(formula, row, is_condition, is_setting)


def _is_symbol(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name not in CONSTANTS


def _has_symbols(node: Node) -> bool:
    return any(
        isinstance(each, Symbol) and each.name not in CONSTANTS for each in walk(node)
    )


def _supposing(
    row: Row,
    near: list[_Piece],
    given: set[str],
    sources: Callable[[set[str]], set[str]],
) -> Row:
    """A claim under the conditions and in the settings of its sentence.

    What is about none of its symbols, nor of what these are made from, is not meant.
    """
    statement = row.statement
    names = {*names_in(statement)}
    new = row.defines is not None and row.defines.name not in given
    defines = new and len(statement.relation.sides) == 2  # which holds in general
    targets: list[Symbol] = []
    values: list[Node] = []
    for piece in near:
        relation = piece.row.statement.relation
        first = relation.sides[0]
        if not (piece.is_setting or piece.is_condition):
            continue
        about = names_in(relation)
        if not about & (sources(names) if piece.is_condition else names):
            continue
        equal = relation.operators[0] == "=" and isinstance(first, Symbol)
        if isinstance(first, Symbol) and not (piece.is_setting or first.name in given):
            equal = False  # k = m of two indices
        if not (piece.is_setting or first in _symbols(statement)):
            equal = False  # nothing to put it into
        if equal and isinstance(first, Symbol) and first.layer is None:
            if first.name in names and not defines:
                targets.append(first)
                values.append(relation.sides[1])
                piece.used = True
        elif piece.is_condition:
            held = (*statement.conditions, relation)
            statement = replace(statement, conditions=held)
            piece.used = True
    if not targets:
        return replace(row, statement=statement)
    relation = statement.relation
    inside = tuple(
        At(side, tuple(targets), tuple(values), at=side.at) for side in relation.sides
    )
    conditions = statement.conditions
    changed = replace(relation, sides=inside)
    return replace(
        row,
        statement=replace(statement, relation=changed, conditions=conditions),
        defines=None,
    )


def _symbols(node: Node) -> set[Node]:
    return {each for each in walk(node) if isinstance(each, Symbol)}


def _without_first(row: Row) -> Row:
    old = row.statement.relation
    new: Relation = replace(old, sides=old.sides[1:], operators=old.operators[1:])
    return replace(row, statement=replace(row.statement, relation=new), defines=None)


def _squeezed(latex: str) -> str:
    return "".join(latex.split())

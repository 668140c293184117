"""From LaTeX to a syntax tree; an error points at its line and column."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import lark
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from eqcheck.latex.errors import EquationError, Position

Syntax = Tree[Token]

_CONDITION = {"if", "when", "for", "where", "with", "whenever", "provided", "for all"}
_OTHERWISE = {"otherwise", "else"}
# Words between two statements that both hold.
_JOINING = {"and", "or equivalently", "equivalently", "that is", "i.e", "where", "with"}
_JOINING |= {"so", "so that", "and so", "thus", "and thus", "hence", "and hence"}
_JOINING |= {"then", "and then", "therefore", "and therefore", "in other words"}
_OPENING = {"LBRACE", "LPAR", "LBRACK", "LSET", "LFLOOR", "LCEIL", "LANGLE", "LEFTDOT"}
_CLOSING = {"RBRACE", "RPAR", "RBRACK", "RSET", "RFLOOR", "RCEIL", "RANGLE", "RIGHTBAR"}
_ENVIRONMENT = {"BEGIN_CASES": "END_CASES", "BEGIN_MATRIX": "END_MATRIX"}
# After one of these an expression may be complete, so a bar closes or separates.
_OPERAND_ENDS = _CLOSING | {
    *("NUMBER", "SYMBOL", "WORD", "TOP", "STAR", "PRIME", "INFTY", "DOTS"),
    *("RBAR", "RNORM", "END_CASES", "END_MATRIX", "FRAC_DIGITS"),
}
_TEXT = re.compile(
    r"\\(?:text|textrm|textit|mbox|mathrm)\s*(?:\{(.*)\}|([A-Za-z]))", re.DOTALL
)

# What the terminals are called in an error message.
_WORDS = {
    "REL": "a relation such as =",
    "NEWROW": r"\\",
    "SEP": r"a comma or \quad",
    "COND": r"\text{for ...}",
    "OTHERWISE": r"\text{otherwise}",
    "ADDOP": "+ or -",
    "MULOP": r"\cdot or /",
    "SUB": "_",
    "SUP": "^",
    "PRIME": "'",
    "RPAR": ")",
    "RBRACK": "]",
    "RBRACE": "}",
    "RSET": r"\}",
    "RBAR": "a closing |",
    "RNORM": r"a closing \|",
    "RFLOOR": r"\rfloor",
    "RCEIL": r"\rceil",
    "RANGLE": r"\rangle",
    "RIGHTBAR": r"\right|",
    "LBRACE": "{",
    "LPAR": "(",
    "AMP": "&",
    "COMMA": "a comma",
    "$END": "the end of the equation",
    "END_ALIGNED": r"\end{aligned}",
    "END_CASES": r"\end{cases}",
    "END_MATRIX": r"\end{pmatrix}",
    "SYMBOL": "a symbol",
    "NUMBER": "a number",
}


class _Context:
    r"""Tells apart tokens whose role depends on what stands around them.

    Bars open, close or separate; a comma separates arguments or statements; `&` only
    aligns outside of cases and matrices; `\text{...}` is a keyword or a name.
    """

    always_accept = ("BAR", "DBAR", "FORALL", "QUAD", "STOP", "JOIN")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        tokens = _differentials(_single_digits(list(stream)))
        yield from _separators(_bars(_words(tokens)))


def _as(token: Token, kind: str) -> Token:
    return Token.new_borrow_pos(kind, token.value, token)


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


def _single_digits(tokens: list[Token]) -> list[Token]:
    r"""Refuse `x^23`: TeX reads it as `x^2` followed by 3."""
    for before, token in pairwise(tokens):
        takes_one = before.type in {"SUB", "SUP", "FRAC"}
        if takes_one and token.type == "NUMBER" and len(token.value) > 1:
            hint = f"{before.value}{{{token.value}}}"
            raise EquationError(f"write {hint}: TeX takes one digit only", _at(token))
    return tokens


def _differentials(tokens: list[Token]) -> list[Token]:
    r"""Mark the `d` that ends each integral: `\int x + 1 \, d x`."""
    out = list(tokens)
    opened: list[tuple[int, Token]] = []  # integrals, with the brackets around each
    depth = 0
    for k, token in enumerate(tokens):
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        while opened and depth < opened[-1][0]:
            _no_end(opened[-1][1])
        if token.type == "INT":
            opened.append((depth, token))
        after = tokens[k + 1].type if k + 1 < len(tokens) else ""
        is_d = token.value == "d" or _upright(token) == "d"
        if is_d and opened and opened[-1][0] == depth and after in _VARIABLE:
            out[k] = _as(token, "DIFF")
            opened.pop()
    if opened:
        _no_end(opened[-1][1])
    return out


_VARIABLE = {"SYMBOL", "WORD", "ACCENT"}


def _upright(token: Token) -> str:
    match = _TEXT.fullmatch(token.value) if token.type == "WORD" else None
    return (match[1] or match[2]).strip() if match else ""


def _no_end(integral: Token) -> NoReturn:
    raise EquationError(
        r"where does this integral end? Write \int_a^b f(x) \, dx", _at(integral)
    )


def _refuse_label(token: Token) -> None:
    """What stands above `=`: `def`, a remark such as `(a)`, or another meaning."""
    above = re.sub(r"\\[A-Za-z]+|[{}\s=]", "", token.value)
    if not re.fullmatch(r"def\.?|\(.*\)", above):
        raise EquationError(
            f"= with {above} above is not read: write = or := or \\approx", _at(token)
        )


def _words(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    kinds = [token.type for token in tokens]
    for k, token in enumerate(tokens):
        before = kinds[k - 2 if k and kinds[k - 1] == "LBRACE" else k - 1] if k else ""
        in_script = before in {"SUB", "SUP"}  # a name there, whatever it says
        match = _TEXT.fullmatch(token.value) if token.type == "WORD" else None
        text = " ".join((match[1] or match[2]).split()).strip(".,:~ ") if match else ""
        if token.type == "REL" and token.value.startswith(("\\stackrel", "\\overset")):
            _refuse_label(token)
        if token.type == "FORALL":
            out.append(_as(token, "COND"))
        elif not match or in_script:
            out.append(token)
        elif text.lower() in _CONDITION:
            out.append(_as(token, "COND"))
        elif text.lower() in _OTHERWISE:
            out.append(_as(token, "OTHERWISE"))
        elif text.lower() in {"or", "unless", "either"}:
            raise EquationError(
                f"`{text}` is not read: state what holds in each case by itself",
                _at(token),
            )
        elif text.lower() in _JOINING:
            out.append(_as(token, "JOIN"))
        elif text in {"max", "min"}:
            out.append(Token.new_borrow_pos("MAXOP", rf"\{text}", token))
        elif text.startswith("(") and text.endswith(")"):
            pass  # a remark in words, such as (chain rule)
        else:
            out.append(token)
    return out


def _bars(tokens: list[Token]) -> list[Token]:
    r"""Classify `|` and `\|`: inside a pair of brackets they pair up, or are one."""
    out: list[Token] = []
    groups: list[list[Token]] = [[]]  # bars that are open, for each open bracket
    for k, token in enumerate(tokens):
        if token.type in _OPENING:
            groups.append([])
        elif token.type in _CLOSING and len(groups) > 1:
            groups.pop()
        if token.type == "RBAR" and "right" in token.value and _opened_by_dot(out):
            out.append(_as(token, "RIGHTBAR"))
            groups.pop()
            continue
        if token.type not in {"BAR", "DBAR"}:
            out.append(token)
            continue
        left, right = ("LBAR", "RBAR") if token.type == "BAR" else ("LNORM", "RNORM")
        after_operand = bool(out) and out[-1].type in _OPERAND_ENDS
        if groups[-1] and groups[-1][-1].type == token.type and after_operand:
            groups[-1].pop()
            out.append(_as(token, right))
        elif after_operand and _alone(tokens, k):
            out.append(_as(token, "MID"))
        elif after_operand and not groups[-1] and _doubled(tokens, k):
            continue  # the second bar of `D(p || q)` separates
        else:
            groups[-1].append(token)
            out.append(_as(token, left))
    return out


def _opened_by_dot(tokens: list[Token]) -> bool:
    depth = 0
    for token in reversed(tokens):
        if "right" in token.value and token.type in _CLOSING | {"RBAR", "RNORM"}:
            depth += 1
        elif "left" in token.value and token.type != "REL":
            if depth == 0:
                return token.type == "LEFTDOT"
            depth -= 1
    return False


def _doubled(tokens: list[Token], k: int) -> bool:
    bars = tokens[k : k + 2]
    return all(bar.type == "BAR" for bar in bars) and _alone(tokens, k + 1)


def _alone(tokens: list[Token], start: int) -> bool:
    """Whether no second bar of this kind follows before the bracket closes."""
    depth = 0
    for token in tokens[start + 1 :]:
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        if depth < 0:
            return True
        if depth == 0 and token.type == tokens[start].type:
            return False
    return False


_BETWEEN = {"COMMA", "SEMI", "STOP", "QUAD", "COLON", "JOIN"}


def _joins(token: Token, depth: int, in_condition: bool) -> str:
    """What a word such as `and` is: between statements, conditions or in brackets."""
    if depth == 0 and not in_condition:
        return "JOIN"
    if "and" not in token.value.split("{")[-1]:
        raise EquationError(f"{token.value} stands between conditions", _at(token))
    return "COMMA" if depth else "AND"


def _separators(tokens: list[Token]) -> Iterator[Token]:
    environments: list[str] = []
    depth = 0
    in_condition = False
    row: list[Token] = []  # pending separators
    started = False  # whether the row has content
    before = ""
    after_condition = False
    for k, token in enumerate(tokens):
        kind = token.type
        if kind in _ENVIRONMENT:
            environments.append(_ENVIRONMENT[kind])
        after = tokens[k + 1].type if k + 1 < len(tokens) else "NEWROW"
        if kind == "JOIN":
            kind = _joins(token, depth, in_condition or bool(environments))
            token = _as(token, kind)
        elif kind == "COND" and environments and started:
            kind, token = "AND", _as(token, "AND")  # a second condition of a case
        elif kind == "REL" and "arrow" in token.value and after == before == "QUAD":
            kind = "JOIN"  # between two statements
        before = tokens[k].type
        if kind in _BETWEEN and depth == 0:
            if kind != "QUAD" or not after_condition:
                row.append(token)
            continue
        after_condition = kind == "COND"
        if kind == "AMP" and not environments:
            continue
        ends = kind in {"NEWROW", "AMP", "END_CASES", "END_MATRIX", "END_ALIGNED"}
        if row and started and not ends and kind not in {"COND", "REL"}:
            only_comma = all(t.type in {"COMMA", "COLON"} for t in row)
            in_list = in_condition or "DOTS" in {kind, tokens[k - 2].type}
            if environments or (only_comma and in_list):
                yield _as(row[0], "COMMA") if only_comma else row[0]
            elif any(t.type in _BETWEEN - {"STOP", "COLON"} for t in row):
                yield _as(row[0], "SEP")
                in_condition = False
            else:
                yield row[0]
        row = []
        started = kind not in {"NEWROW", "AMP"} and not kind.startswith("BEGIN_")
        in_condition = (in_condition or kind == "COND") and not ends
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if environments and kind == environments[-1]:
            environments.pop()
        if kind == "NEWROW" and after in {"END_ALIGNED", "END_CASES", "END_MATRIX"}:
            continue
        if kind == "QUAD":
            continue  # a space inside brackets
        yield token


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        propagate_positions=True,
        postlex=_Context(),
        cache=_cache(grammar) or False,
    )


def _cache(grammar: str) -> str | None:
    """The file of the user in which the tables of the parser are kept, if any can be.

    Lark looks by itself whether they fit; making them takes longer than an equation.
    """
    mark = hashlib.sha256(f"{lark.__version__} {grammar}".encode()).hexdigest()[:16]
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        (folder / "eqcheck").mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return str(folder / "eqcheck" / f"grammar-{mark}")


@lru_cache(maxsize=10_000)
def parse(latex: str) -> Syntax:
    """Parse what stands between two `$$`.

    Raises
    ------
    EquationError
        With the line and column, counted from 1 inside `latex`.
    """
    try:
        return _parser().parse(latex)
    except UnexpectedToken as error:
        raise _explain(error, latex) from None
    except UnexpectedCharacters as error:
        rest = latex[error.pos_in_stream or 0 :]
        word = re.match(r"\\(?:[A-Za-z]+(?:\s*\{[^{}]*\})?|.)|.", rest, re.DOTALL)
        shown = word[0] if word else rest[:10]
        position = Position(error.line, error.column)
        raise EquationError(f"{shown} is not read here", position) from None
    except UnexpectedInput as error:
        raise EquationError(str(error), Position(error.line, error.column)) from None


def _explain(error: UnexpectedToken, latex: str) -> EquationError:
    token = error.token
    expected = set(error.expected)
    names = {_WORDS[name] for name in expected - _CLOSING if name in _WORDS}
    if "NUMBER" in expected or "SYMBOL" in expected:
        operand = {"a symbol", "a number", "{", "("}
        names = (names - operand) | {"an expression"}
    if expected & _CLOSING and (bracket := _open_bracket(latex, token)):
        names.add(f"something that closes the {bracket.value} of {_place(bracket)}")
    found = "the equation ends" if token.type == "$END" else f"{token.value} stands"
    at = _at(token)
    if token.type == "$END":
        at = Position(token.end_line or 1, token.end_column or 1)
    wanted = ", ".join(sorted(names, key=lambda name: (len(name) < 3, name)))
    return EquationError(f"{found} where one of these is expected: {wanted}", at)


def _open_bracket(latex: str, error: Token) -> Token | None:
    """The innermost bracket that is open where the error stands."""
    opened: list[Token] = []
    for token in _parser().lex(latex):
        if error.type != "$END" and (token.start_pos or 0) >= (error.start_pos or 0):
            break
        if token.type in _OPENING:
            opened.append(token)
        elif token.type in _CLOSING and opened:
            opened.pop()
    return opened[-1] if opened else None


def _place(token: Token) -> str:
    return f"line {token.line}, column {token.column}"

"""The comment `fact`: numbers of a paragraph, computed from what a block prints.

    <!-- fact
    "4 to 6 %" = 100 * (out[1][4] - 1), 100 * (out[3][4] - 1)
    "ten years" because it is a date
    -->

The quotation stands in the paragraph, list or table below, or in the caption whose
comment ends with such lines; each of its numbers must be the value beside it, rounded
as written. `out` holds the numbers of each printed line of the block, `text` the lines.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nnref
from doctools.pages import DOCS, Block, blocks
from doctools.prose.numerals import Numeral, read
from doctools.prose.origins import lines, printed

_HEAD = re.compile(
    r"fact(?:\s+of\s+(?P<page>[\w./-]+\.md)?#(?P<id>[\w-]+)(?:\s+(?P<n>\d+))?)?\s*:?"
)
_LINE = re.compile(r'"(?P<quote>[^"]+)"\s*(?P<how>=|because\b|from\b)\s*(?P<rest>.+)')
_ABOUT = re.compile(
    r"\b(about|nearly|almost|roughly|some|around|approximately)\s*$", re.I
)
_ID = re.compile(r"^#{1,6}\s.*\{[^}]*#([\w-]+)[^}]*\}\s*$|^(?P<head>#{1,6}\s)")


class FactError(ValueError):
    """A fact that cannot be read or does not hold, and its line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Fact:
    """A quotation and where its numbers come from."""

    quote: str
    how: str  # =, because, from
    rest: str
    line: int
    of: tuple[str, str, int] | None = None  # page, id of a section, which block there


def read_facts(body: str, line: int) -> list[Fact]:
    """The facts of a comment that begins with `fact`, or of the end of a caption's."""
    found: list[Fact] = []
    of: tuple[str, str, int] | None = None
    for k, row in enumerate(body.splitlines()):
        text = row.strip()
        if text.startswith("fact"):
            head = _HEAD.match(text)
            assert head is not None
            if head["id"]:
                of = head["page"] or "", head["id"], int(head["n"] or 1)
            text = text[head.end() :].strip()
        if not text:
            continue
        match = _LINE.fullmatch(text)
        if match:
            parts = match["quote"], match["how"], match["rest"]
            found.append(Fact(*parts, line + k, of))
        elif found and row[:1].isspace():
            last = found.pop()
            rest = f"{last.rest} {text}"
            found.append(Fact(last.quote, last.how, rest, last.line, of))
        else:
            message = f'`"quotation" = value` or `"quotation" because ...`, not: {text}'
            raise FactError(message, line + k)
    return found


def block_of(fact: Fact, page: Path, text: str) -> Block:
    """The block that a fact names."""
    assert fact.of is not None
    name, ident, number = fact.of
    if name:
        target = DOCS / name if (DOCS / name).exists() else page.parent / name
        if not target.exists():
            raise FactError(f"there is no page {name}", fact.line)
        text = target.read_text(encoding="utf-8")
    rows = text.split("\n")
    start = next(
        (k for k, row in enumerate(rows, 1) if f"#{ident} " in row and "{" in row), 0
    )
    if not start:
        raise FactError(f"no heading of the page has {{ #{ident} }}", fact.line)
    inside = [b for b in blocks(text) if b.line > start]
    if len(inside) < number:
        raise FactError(f"no block {number} stands below #{ident}", fact.line)
    return inside[number - 1]


def values(fact: Fact, block: Block | None) -> list[float]:
    """What the expressions of a fact give."""
    space: dict[str, Any] = {"np": np, "nnref": nnref, "nn": nnref, "math": math}
    if block is not None:
        space |= {"out": printed(block), "text": lines(block), "code": literals(block)}
    try:
        result = eval(fact.rest, space)
    except Exception as error:
        message = f"{type(error).__name__}: {error}: {fact.rest}"
        raise FactError(message, fact.line) from None
    return [float(each) for each in np.ravel(result)]


def literals(block: Block) -> dict[str, Any]:
    """The names of a block that are bound to literals, keywords of calls among them."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(block.code)):
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            pairs = [(node.targets[0].id, node.value)]
        elif isinstance(node, ast.keyword) and node.arg:
            pairs = [(node.arg, node.value)]
        for name, value in pairs:
            try:
                found.setdefault(name, ast.literal_eval(value))
            except ValueError:
                continue
    return found


def hold(
    fact: Fact, text: str, named: Block | None, default: Callable[[], Block | None]
) -> list[range]:
    """The stretches of a text that a fact binds; raises if it does not hold there."""
    pattern = r"\s+".join(re.escape(word) for word in fact.quote.split())
    found = list(re.finditer(pattern, text))
    if not found:
        raise FactError(f'"{fact.quote}" does not stand below this fact', fact.line)
    stretches = [range(match.start(), match.end()) for match in found]
    if fact.how != "=":
        return stretches
    written = list(read(fact.quote.replace("$", " ")))
    given = values(fact, named or default())
    if sum(len(n.size) or 1 for n in written) != len(given):
        shown = ", ".join(n.text for n in written) or "none"
        message = f'"{fact.quote}" has the numbers {shown}, given are {len(given)}'
        raise FactError(message, fact.line)
    before = text[: found[0].start()][-20:]
    rest = iter(given)
    for numeral in written:
        if numeral.size:
            found_size = tuple(next(rest) for _ in numeral.size)
            if found_size != numeral.size:
                message = f'"{fact.quote}" says {numeral.text}, computed: {found_size}'
                raise FactError(message, fact.line)
            continue
        value = next(rest)
        about = _is_about(numeral, fact.quote, before)
        if not numeral.agrees(value, about=about):
            message = f'"{fact.quote}" says {numeral.text}, computed is {value:.6g}'
            raise FactError(message, fact.line)
    return stretches


def _is_about(numeral: Numeral, quote: str, before: str) -> bool:
    return bool(_ABOUT.search(before + quote[: numeral.start]))

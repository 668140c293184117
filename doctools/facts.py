"""The fact comment: says which output a number in running text comes from.

It stands right above the paragraph, list or table it is about, or as the last lines of
a caption's comment:

    <!-- fact of #anchor 2
    "4 to 6 %" = 100 * (out[1][4] - 1), 100 * (out[3][4] - 1)
    "224" from https://...
    "two thirds" because REASON
    -->

`out` are the numbers that the block prints, line by line; `text` its lines; `code` the
literals of the block by name; `found(PATTERN, FILE)` the numbers that the groups of a
pattern match in a file, or how often one without groups does; without FILE, on the
page.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from doctools.evidence import output_numbers
from doctools.pages import ROOT, Block, PageError
from doctools.quantities import Number, numbers, to_float

_HEAD = re.compile(
    r"fact(?:\s+of\s+(?P<page>[\w./-]+\.md)?#(?P<anchor>[\w-]+)(?:\s+(?P<nth>\d+))?)?"
    r"\s*(?::\s*|\n|$)"
)
_CLAIM = re.compile(
    r'"(?P<quote>.+?)"\s*(?P<kind>=|from\b|because\b)\s*(?P<right>.*)', re.DOTALL
)
WRITE = 'write `"what the text says" = out[line][number]`, `from URL` or `because ...`'


@dataclass(frozen=True)
class Claim:
    """A line of the comment: a quotation, and where its numbers come from."""

    line: int
    quote: str
    kind: str  # =, from, because
    right: str


@dataclass(frozen=True)
class Fact:
    """A fact comment; without an anchor it is about the nearest block."""

    line: int
    claims: tuple[Claim, ...]
    page: str = ""
    anchor: str = ""
    nth: int = 1


def read(text: str, line: int, name: str) -> Fact:
    """Read the text of a fact comment that begins on this line."""
    head = _HEAD.match(text)
    if head is None:
        message = "write `fact`, `fact of #anchor 2` or `fact of page.md#anchor`"
        raise PageError(f"{name}:{line}: {text.splitlines()[0]!r}: {message}")
    number = line + text[: head.end()].count("\n")
    rows: list[tuple[int, str]] = []
    for n, row in enumerate(text[head.end() :].split("\n"), number):
        if rows and row.strip() and not row.startswith('"'):
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {row.strip()}")
        elif row.strip():
            rows.append((n, row.strip()))
    if not rows:
        raise PageError(f"{name}:{line}: an empty fact: {WRITE}")
    claims = []
    for n, row in rows:
        match = _CLAIM.fullmatch(row)
        if match is None or not match["right"].strip():
            raise PageError(f"{name}:{n}: {row!r}: {WRITE}")
        claims.append(Claim(n, match["quote"], match["kind"], match["right"].strip()))
    nth = int(head["nth"] or 1)
    return Fact(line, tuple(claims), head["page"] or "", head["anchor"] or "", nth)


def find(quote: str, text: str) -> list[tuple[int, int]]:
    """Where a quotation stands in a text, whatever the white space."""
    pattern = r"\s+".join(map(re.escape, quote.split()))
    before = r"(?<!\w)(?<!\d[.,])" if quote[0].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if quote[-1].isalnum() else ""
    return [m.span() for m in re.finditer(before + pattern + after, text)]


def quoted(
    claim: Claim, text: str, stated: Iterable[Number], place: str
) -> list[Number]:
    """The numbers of the text that a claim quotes; complains if there are none."""
    found = find(claim.quote, text)
    if len(found) != 1:
        what = "does not stand" if not found else "stands more than once"
        message = f'"{claim.quote}" {what} in the text below: quote it to the letter'
        raise PageError(f"{place}: {message}{', and more of it' if found else ''}")
    start, end = found[0]
    result = [n for n in stated if start <= n.start and n.end <= end]
    if not result:
        result = numbers(claim.quote, ordinals=True)
    if not result:
        raise PageError(
            f'{place}: "{claim.quote}" holds no number that states a result'
        )
    return result


def evaluate(
    claim: Claim, block: Block | None, place: str, page: str = ""
) -> list[float]:
    """The values on the right of a computed claim; `page` is the text around it."""
    lines = block.output.text.splitlines() if block and block.output else []
    names: dict[str, Any] = {"np": np, "math": math, "text": lines}
    names |= {"out": [output_numbers(line) for line in lines]}
    names["code"] = literals(block.code) if block else {}
    names["found"] = partial(_found, page=page)
    if re.search(r"\bnnref\b", claim.right):
        import nnref

        names["nnref"] = nnref
    try:
        values = eval(f"({claim.right},)", names)
        return [float(v) for value in values for v in np.ravel(value)]
    except Exception as error:
        message = f"{claim.right}: {type(error).__name__}: {error}"
        if isinstance(error, IndexError):
            shown = [f"out[{n}] = {row}" for n, row in enumerate(names["out"]) if row]
            message += f"; there are {'; '.join(shown[:12]) or 'no output lines'}"
        raise PageError(f"{place}: {message}") from None


def _found(pattern: str, file: str = "", *, page: str) -> list[float]:
    """The numbers that a pattern's groups match; without groups, how often it does."""
    text = (ROOT / file).read_text(encoding="utf-8") if file else page
    if not file or file.endswith(".md"):  # a comment would find itself
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    if not matches:
        raise ValueError(f"{pattern} stands nowhere in {file or 'the page'}")
    if not matches[0].groups():
        return [len(matches)]
    return [to_float(group) for match in matches for group in match.groups()]


def literals(code: str) -> dict[str, Any]:
    """Names that the code binds to literals, and keywords that it passes them to."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Assign):
            pairs = [pair for t in node.targets for pair in _bound(t, node.value)]
        elif isinstance(node, ast.keyword) and node.arg:
            pairs = [(node.arg, node.value)]
        else:
            continue
        for name, node_value in pairs:
            with suppress(ValueError):
                found.setdefault(name, _literal(node_value))
    return found


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each name of a target with what it is bound to: `a, (b, c) = 1, (2, 3)`."""
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case (
            ast.Tuple(elts=left) | ast.List(elts=left),
            ast.Tuple(elts=right) | ast.List(elts=right),
        ) if len(left) == len(right):
            for one, other in zip(left, right, strict=True):
                yield from _bound(one, other)


def _literal(node: ast.expr) -> Any:
    """The value of a literal; of a dictionary, what of it is literal."""
    if not isinstance(node, ast.Dict):
        return ast.literal_eval(node)
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        with suppress(ValueError):
            found[ast.literal_eval(key) if key else None] = _literal(value)
    if not found and node.keys:
        raise ValueError("a dictionary without literals")
    return found


def compare(
    claim: Claim, written: list[Number], values: list[float], place: str
) -> None:
    """Complain unless each written number agrees with its value.

    A square size may be given by one value, any size by one for each factor.
    """
    if len(written) != len(values) or any(len(set(n.size)) > 1 for n in written):
        written = [part for number in written for part in number.parts]
    if len(written) != len(values):
        read_as = ", ".join(n.text for n in written)
        message = f"states {len(written)} numbers ({read_as}), {len(values)} are given"
        raise PageError(f'{place}: "{claim.quote}" {message}')
    for number, value in zip(written, values, strict=True):
        if not number.agrees(value):
            message = f"the text says {number.text}, the fact gives {value:.6g}"
            raise PageError(f'{place}: "{claim.quote}": {message}')


def cited(claim: Claim, page: str, place: str) -> None:
    """Complain unless the source of a claim is a link or a footnote of the page."""
    source = claim.right.split()[0]
    visible = re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    if not re.match(r"https?://|\[\^", source) or source not in visible:
        message = f"{source} is no link and no footnote that stands on this page"
        raise PageError(f"{place}: {message}")

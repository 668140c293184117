"""Changes what the pages say in small ways, to see whether the checks notice.

    python -m doctools.drift --kind inline --count 60

A change is of the size of a slip: one digit, sign, relation, function or symbol of a
formula. Noticed is what makes a check of that page fail that passes as it stands.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from doctools.pages import ROOT, equations, markdown_pages
from eqcheck import FAILED, check_text
from eqcheck.outside.sources import read_text

# What a slip makes of a piece of LaTeX; letters and digits are exchanged below.
_OTHER = {
    "+": "-",
    "-": "+",
    "<": ">",
    ">": "<",
    r"\le": r"\ge",
    r"\ge": r"\le",
    r"\ln": r"\exp",
    r"\exp": r"\ln",
    r"\max": r"\min",
    r"\min": r"\max",
    r"\sum": r"\prod",
    r"\ne": "=",
    r"\infty": "0",
}
_TOKEN = re.compile(
    r"\\(?:text|mathrm|operatorname|begin|end|mathbb|mathbf)\*?\s*\{[^}]*\}"
    r"|\\[A-Za-z]+|\\.|[A-Za-z]|\d+|[+\-<>]"
)


@dataclass(frozen=True)
class Change:
    """A stretch of a page and what stands there instead."""

    path: Path
    line: int
    start: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        """The changed page."""
        return text[: self.start] + self.new + text[self.end :]

    def show(self, text: str) -> str:
        """The place, before and after."""
        old = text[self.start : self.end]
        around = text[max(self.start - 30, 0) : self.end + 20].replace("\n", " ")
        place = f"{self.path.relative_to(ROOT)}:{self.line}"
        return f"{place}: {old!r} became {self.new!r} in ...{around}..."


def slips(latex: str) -> Iterator[tuple[int, int, str]]:
    """Small changes of a formula: start, end, and what stands there instead."""
    letters = sorted({m[0] for m in _TOKEN.finditer(latex) if m[0].isalpha()})
    for match in _TOKEN.finditer(latex):
        piece = match[0]
        if piece in _OTHER:
            yield match.start(), match.end(), _OTHER[piece]
        elif piece.isdigit():
            yield match.start(), match.end(), str(int(piece) + 1)
        elif piece.isalpha():
            for letter in letters:
                if letter != piece:
                    yield match.start(), match.end(), letter


def formulas(kind: str) -> Iterator[tuple[Path, int, int, str]]:
    """All formulas of a kind: page, line, offset in the page, LaTeX."""
    for path in markdown_pages():
        text = path.read_text(encoding="utf-8")
        starts = [0]
        for row in text.split("\n"):
            starts.append(starts[-1] + len(row) + 1)
        if kind == "display":
            for equation, comment in equations(text, path.name):
                if comment is not None and "not checked, because" in comment.text:
                    continue
                body = text[starts[equation.line] : starts[equation.end - 1]]
                yield path, equation.line, starts[equation.line], body
        else:
            for source in read_text(text, path.name):
                for formula in source.formulas:
                    offset = starts[formula.line - 1] + formula.column
                    end = text.index("$", offset)
                    yield path, formula.line, offset, text[offset:end]


def draw(kind: str, count: int, seed: int) -> list[Change]:
    """Random changes, at most one for each formula."""
    rng = random.Random(seed)
    places = list(formulas(kind))
    rng.shuffle(places)
    found: list[Change] = []
    for path, line, offset, latex in places:
        options = list(slips(latex))
        if options and len(found) < count:
            start, end, new = rng.choice(options)
            found.append(Change(path, line, offset + start, offset + end, new))
    return found


def failing_formulas(path: Path, text: str) -> set[str]:
    """What the checker says of the formulas of a page that fail."""
    found = check_text(text, path.name, trials=False)
    return {f"{r.line}: {r.reason}" for r in found if r.status == FAILED}


# For each kind what its check finds wrong on a page.
CHECKS: dict[str, Callable[[Path, str], set[str]]] = {
    "inline": failing_formulas,
    "display": failing_formulas,
}


@cache
def _before(kind: str, path: Path) -> set[str]:
    return CHECKS[kind](path, path.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    """Draw changes, count what is noticed; 1 if fewer than nine in ten are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=[*CHECKS], action="append")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    enough = True
    for kind in options.kind or CHECKS:
        changes = draw(kind, options.count, options.seed)
        noticed = 0
        for change in changes:
            text = change.path.read_text(encoding="utf-8")
            found = CHECKS[kind](change.path, change.apply(text))
            if found - _before(kind, change.path):
                noticed += 1
            else:
                print("not noticed:", change.show(text), flush=True)
        print(f"{kind}: {noticed} of {len(changes)} changes noticed")
        enough = enough and noticed >= 0.9 * len(changes)
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())

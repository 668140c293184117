"""Changes formulas of pages and docstrings a little, to see what the checks notice.

    python -m doctools.drift --kind inline --count 60

A change is of the size of a slip: one digit, sign, relation, function or symbol of a
formula. Noticed is what makes a check fail that passes as it stands: that of formulas,
for a formula in a sentence also that of numbers. Of docstrings the text is changed.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from doctools import formulas, numbers
from doctools.arguments import parser
from doctools.pages import ROOT, equations, markdown_pages
from eqcheck import FAILED, check_text
from eqcheck.outside.docstrings import Package
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
class Text:
    """A page, or a docstring with the lines of its file."""

    path: Path
    text: str
    docstring: str = ""  # its name


@dataclass(frozen=True)
class Change:
    """A stretch of a text and what stands there instead."""

    text: Text
    line: int
    start: int
    end: int
    new: str

    @property
    def applied(self) -> Text:
        """The changed text."""
        old = self.text.text
        return replace(self.text, text=old[: self.start] + self.new + old[self.end :])

    def __str__(self) -> str:
        """The place, before and after."""
        text = self.text.text
        old = text[self.start : self.end]
        around = text[max(self.start - 30, 0) : self.end + 20].replace("\n", " ")
        place = f"{self.text.path.relative_to(ROOT)}:{self.line}"
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


@dataclass(frozen=True)
class Formula:
    """A formula, and where in a text it begins."""

    text: Text
    line: int
    start: int
    latex: str


def displayed(path: Path) -> Iterator[Formula]:
    """The displayed equations of a page that are checked."""
    page = Text(path, path.read_text(encoding="utf-8"))
    starts = _starts(page.text)
    for equation, comment in equations(page.text, path.name):
        if comment is not None and "not checked, because" in comment.text:
            continue
        start, end = starts[equation.line], starts[equation.end - 1]
        yield Formula(page, equation.line, start, page.text[start:end])


def inline(path: Path) -> Iterator[Formula]:
    """The formulas in the sentences of a page that state something."""
    page = Text(path, path.read_text(encoding="utf-8"))
    starts = _starts(page.text)
    for source in read_text(page.text, path.name):
        for formula in source.formulas:
            start = starts[formula.line - 1] + formula.column
            latex = page.text[start : page.text.index("$", start)]
            yield Formula(page, formula.line, start, latex)


def in_docstrings(path: Path) -> Iterator[Formula]:
    """The formulas in the docstrings of a module that are checked."""
    for name, doc in formulas.package().docstrings.items():
        if (ROOT / doc.file).resolve() != path.resolve():
            continue
        text, starts = Text(path, doc.text, name), _starts(doc.text)
        for formula, source in formulas.package().sources(name):
            if (source.comment or "").startswith("equation: not checked"):
                continue
            # The source of an inline formula stands on one line.
            words = map(re.escape, source.latex.split())
            pattern = re.compile(r"\s+".join(words))
            found = pattern.search(doc.text, starts[source.line])
            assert found, f"{name}: {formula.source.latex} is not in its docstring"
            yield Formula(text, source.line + 1, found.start(), found[0])


def _starts(text: str) -> list[int]:
    """Where each line of a text starts."""
    found = [0]
    for row in text.split("\n"):
        found.append(found[-1] + len(row) + 1)
    return found


def draw(among: Sequence[Formula], count: int, seed: int) -> list[Change]:
    """Random changes, at most one for each formula."""
    rng = random.Random(seed)
    found: list[Change] = []
    for formula in rng.sample(among, len(among)):
        options = list(slips(formula.latex))
        if options and len(found) < count:
            start, end, new = rng.choice(options)
            at = formula.start
            found.append(Change(formula.text, formula.line, at + start, at + end, new))
    return found


# ------------------------------------------------------------------------------ checks


def false_formulas(text: Text) -> set[str]:
    """What the checker says of the formulas of a text that fail."""
    if text.docstring:
        known = formulas.package()
        doc = replace(known.docstrings[text.docstring], text=text.text)
        changed = Package({**known.docstrings, text.docstring: doc}, known.functions)
        found = changed.check(text.docstring, trials=False)
        misnamed = set(formulas.misnamed(doc))
    else:
        found, misnamed = check_text(text.text, text.path.name, trials=False), set()
    return misnamed | {f"{r.line}: {r.reason}" for r in found if r.status == FAILED}


def unbound_numbers(text: Text) -> set[str]:
    """What the check of numbers says of a page."""
    return set(numbers.check(text.path, text.text))


@dataclass(frozen=True)
class Kind:
    """Formulas of a kind, where they stand, and what may notice a change."""

    formulas: Callable[[Path], Iterator[Formula]]
    checks: tuple[Callable[[Text], set[str]], ...]
    suffix: str = ".md"


KINDS = {
    "inline": Kind(inline, (false_formulas, unbound_numbers)),
    "display": Kind(displayed, (false_formulas,)),
    "docstring": Kind(in_docstrings, (false_formulas,), ".py"),
}


@cache
def _before(check: Callable[[Text], set[str]], text: Text) -> set[str]:
    return check(text)


def noticed(change: Change, kind: Kind) -> bool:
    """Whether a check says of the changed text what it does not say of the text."""
    return any(
        check(change.applied) - _before(check, change.text) for check in kind.checks
    )


def main(arguments: list[str] | None = None) -> int:
    """Draw changes, count what is noticed; 1 if fewer than nine in ten are."""
    options = parser("drift", __doc__)
    options.add_argument("--kind", choices=[*KINDS], action="append")
    options.add_argument("--count", type=int, default=60)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args(arguments)
    files = [path.resolve() for path in chosen.pages]
    files = files or [*markdown_pages(), *sorted((ROOT / "nnref").glob("*.py"))]
    enough = True
    for name in chosen.kind or KINDS:
        kind = KINDS[name]
        found = [
            formula
            for path in files
            if path.suffix == kind.suffix
            for formula in kind.formulas(path)
        ]
        changes = draw(found, chosen.count, chosen.seed)
        seen = 0
        for change in changes:
            if noticed(change, kind):
                seen += 1
            else:
                print(f"not noticed: {change}", flush=True)
        print(f"{name}: {seen} of {len(changes)} changes noticed", flush=True)
        enough = enough and seen >= 0.9 * len(changes)
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())

"""What of all that pages state is held, by kind, and changes that the checks see."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import eqcheck
from doctools import blocks, census, commands, formulas, kept, names, numbers, pages
from doctools.translations.language import say

# Examples: true as they stand; below, each is changed and the check must see it.
PAGE = """## A step { #step }

<!-- equation
c = 4.0
\\theta = rng.normal()
f = c * theta**2 / 2
-->
$$
f = \\frac{c}{2} \\theta^2
$$

```python
import nnref

for epochs in (30, 60):
    print(f"{epochs} epochs: {nnref.SGD(lr=0.25).lr}")
```

<!--pytest-codeblocks:expected-output-->

```text
30 epochs: 0.25
60 epochs: 0.25
```

The slope is $\\frac{\\partial f}{\\partial \\theta} = c \\theta$.
After 60 epochs it is small; `SGD(lr=)` sets the rate.
"""


@dataclass(frozen=True)
class Drift:
    """A change of the example and the check that must notice it."""

    kind: str
    old: str
    new: str
    look: Callable[[str], list[str]]


def _blocks(text: str) -> list[str]:
    found = []
    for block in pages.blocks(text):
        try:
            blocks.check(block, "page.md")
        except blocks.BlockError as error:
            found.append(str(error).splitlines()[0])
    return found


def _formulas(text: str) -> list[str]:
    config = eqcheck.Config(("nnref",), ("nnref",), without_comment="fail")
    found = eqcheck.check_text(text, "page.md", config=config, trials=False)
    return [r.reason.splitlines()[0] for r in found if r.status == eqcheck.FAILED]


def _numbers(text: str) -> list[str]:
    return numbers.check(pages.DOCS / "index.md", text, "page.md")


def _names(text: str) -> list[str]:
    found = names.PageNames(text, "page.md").names()
    return [str(name) for name in found if name.fault]


DRIFTS = (
    Drift("a line of code", "nnref.SGD(", "nnref.SDG(", _blocks),
    Drift("an output", "60 epochs: 0.25", "60 epochs: 0.52", _blocks),
    Drift("a displayed equation", "{c}{2} \\theta^2", "{c}{2} \\theta^3", _formulas),
    Drift("a formula in a sentence", "= c \\theta$", "= 2 c \\theta$", _formulas),
    Drift("a number", "After 60 epochs", "After 80 epochs", _numbers),
    Drift("a name", "SGD(lr=)", "SGD(rate=)", _names),
)


def drifts() -> str:
    """Each change, with what the check says to it."""
    parts = []
    for drift in DRIFTS:
        assert PAGE.count(drift.old) == 1
        if before := drift.look(PAGE):
            raise AssertionError(f"the example of {drift.kind} fails: {before}")
        said = drift.look(PAGE.replace(drift.old, drift.new))
        if not said:
            raise AssertionError(f"{drift.kind}: the change is not seen")
        what = f"{drift.kind}: {drift.old}  ->  {drift.new}"
        lines = textwrap.wrap(said[0], 76, break_long_words=False)
        parts.append("\n    ".join([what, *lines]) + "\n")
    return "````text\n" + "\n".join(parts) + "````\n"


@dataclass(frozen=True)
class Row:
    """How many things of a kind there are, held, and left with a reason."""

    kind: str
    found: int
    held: int
    explained: int


def rows() -> tuple[Row, ...]:
    """The kinds, from what stands out to what is read in passing."""
    kinds = (
        say("printed outputs"),
        say("displayed equations"),
        say("formulas in sentences"),
        say("formulas in docstrings"),
        say("numbers in sentences"),
        say("names in code font"),
        say("captions of figures"),
        say("commands to type"),
    )
    found = kept.by_files("shares", kept.sources(), _count)
    return tuple(Row(kind, *row) for kind, row in zip(kinds, found, strict=True))


def _count() -> list[tuple[int, int, int]]:
    """Of each kind how many there are, how many are held, how many explained."""
    found = list(census.counts().values())
    of_pages = sum(found[1:], found[0])
    results = [
        result
        for path in pages.markdown_pages()
        for result in eqcheck.check_page(path, cache=pages.ROOT / eqcheck.CACHE)
    ]
    displayed = [r for r in results if not r.inline]
    open_ones = sum(r.status == eqcheck.NOT_CHECKED for r in displayed)
    inline = sum(r.inline for r in results)
    excused = sum(r.excused for r in results)
    bound = sum(numbers.shares().values(), numbers.Shares())
    code = names.share()
    typed = [each for path in names.all_pages() for each in commands.on_page(path)]
    package = formulas.package()
    in_docstrings = [
        result
        for name in package.docstrings
        for result in package.check(name, cache=pages.ROOT / eqcheck.CACHE)
    ]
    left = sum(r.status == eqcheck.NOT_CHECKED for r in in_docstrings)
    drawn = [
        block
        for path in pages.markdown_pages()
        for block in pages.blocks(path.read_text(encoding="utf-8"))
        if block.draws
    ]
    claims = sum(block.claims for block in drawn)

    def row(found: int, explained: int) -> tuple[int, int, int]:
        return found, found - explained, explained

    return [
        row(of_pages.outputs, 0),
        row(len(displayed), open_ones),
        row(inline, excused),
        row(len(in_docstrings), left),
        (bound.found, bound.plain + bound.fact, bound.cited + bound.because),
        row(code.spans, code.marked),
        row(len(drawn), len(drawn) - claims),
        row(len(typed), 0),
    ]


def table() -> str:
    """The shares as Markdown."""
    lines = [say("| what is read | found | held | with a reason why not |")]
    lines.append("|---|--:|--:|--:|")
    for row in rows():
        share = f"{row.held:,} ({row.held / max(row.found, 1):.0%})"
        lines.append(f"| {row.kind} | {row.found:,} | {share} | {row.explained:,} |")
    return "\n".join(lines) + "\n"

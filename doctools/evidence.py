# ruff: noqa: RUF001 - outputs hold the minus sign
"""What stands near a paragraph and can be where its numbers come from.

A source is a number in an output or in code, with the words beside it: those of its
line, and closer ones that name it (a keyword, a label, a unit).
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from doctools.pages import DOCS, Block, blocks
from doctools.quantities import DIGITS, half_unit, to_float
from eqcheck.outside.markdown import paragraphs

_SIGNED = re.compile(rf"(?<![\w.])(?:(?<![\w)\]])[-−])?(?:{DIGITS})(?!\w)", re.I)
_WORD = re.compile(r"[^\W\d_]{2,}|[ληβγεσμδ%]")

# What running text calls what code abbreviates.
_SAME = {
    "lr": "rate",
    "sgd": "rate",
    "eta": "rate",
    "η": "rate",
    "adam": "rate",
    "learning": "rate",
    "lam": "decay",
    "lambda": "decay",
    "λ": "decay",
    "beta": "momentum",
    "β": "momentum",
    "rng": "seed",
    "default": "seed",
    "accuracies": "accuracy",
    "percent": "%",
    "kernel": "window",
    "digits": "digit",
    "indices": "index",
    "losses": "loss",
    "classes": "class",
    "size": "size",
    "maxima": "maximum",
    "max": "maximum",
    "avg": "mean",
    "average": "mean",
    "params": "parameter",
    "test": "test",
    "batches": "batch",
    "err": "error",
    "conv": "convolution",
    "p": "p",
    "hidden": "unit",
    "width": "unit",
}
_DULL = {
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "are",
    "it",
    "its",
    "at",
    "by",
    "for",
    "with",
    "that",
    "this",
    "than",
    "from",
    "as",
    "on",
    "or",
    "be",
    "an",
    "which",
    "not",
    "no",
    "so",
    "was",
    "were",
    "has",
    "have",
    "one",
    "two",
    "all",
    "each",
    "both",
    "but",
    "only",
    "more",
    "less",
    "other",
    "print",
    "np",
    "nn",
    "nnref",
    "import",
    "range",
    "array",
    "float",
    "int",
    "round",
    "axis",
    "self",
    "return",
    "def",
    "if",
    "else",
    "len",
    "sum",
    "zip",
    "strict",
    "true",
    "false",
    "none",
    "rng",
    "shape",
    "reshape",
    "end",
    "plt",
    "ax",
    "fig",
    "set",
    "label",
}


@lru_cache(65536)
def stem(word: str) -> str:
    """The form under which words of text and of code are compared."""
    word = word.lower()
    if word in _SAME:
        return _SAME[word]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SAME.get(word, word)


@lru_cache(65536)
def words(text: str) -> frozenset[str]:
    """What of a text can name a number."""
    found = _WORD.findall(text)
    return frozenset(stem(w) for w in found if w.lower() not in _DULL)


@dataclass(frozen=True)
class Source:
    """A number that a block shows, and what stands beside it."""

    value: float
    text: str
    place: str  # output line 212, code line 17
    line: str  # the whole line
    beside: frozenset[str]  # the words next to it
    near: frozenset[str]  # what may name it
    around: frozenset[str]  # what else stands on its line
    is_output: bool
    name: str = ""  # what a fact calls it

    @property
    def half_unit(self) -> float:
        """Half a unit of its last digit."""
        return half_unit(self.text.lstrip("-−"))


def output_numbers(line: str) -> list[float]:
    """The numbers of a line of output."""
    return [to_float(match[0]) for match in _SIGNED.finditer(line)]


@lru_cache(4096)
def sources(block: Block) -> tuple[Source, ...]:
    """All numbers of a block, output first."""
    found = [*_output(block), *_code(block)]
    return tuple(found)


def _output(block: Block) -> Iterator[Source]:
    if block.output is None:
        return
    head: list[str] = []  # the lines above that name columns
    fresh = False
    for n, line in enumerate(block.output.text.splitlines(), 1):
        matches = list(_SIGNED.finditer(line))
        letters = len(re.findall(r"[^\W\d_]", line))
        if not matches or letters > 3 * sum(len(m[0]) for m in matches) + 12:
            head = [*head[-1:], line] if fresh else [line]
            fresh = True
        else:
            fresh = False
        above = words(" ".join(head))
        label = words(line[: matches[0].start()]) if matches else frozenset()
        for k, match in enumerate(matches):
            beside = line[max(0, match.start() - 24) : match.end() + 16]
            before = re.findall(r"[^\s,;:=()\[\]]+", line[: match.start()])[-2:]
            after = re.findall(r"[^\s,;:=()\[\]]+", line[match.end() :])[:2]
            next_to = words(" ".join([*before, *after]))
            if name := re.search(r"(\S+)\s*=\s*$", line[: match.start()]):
                next_to |= {f"={name[1]}"}
            column = " ".join(
                row[max(0, match.start() - 10) : match.end() + 6] for row in head
            )
            yield Source(
                to_float(match[0]),
                match[0],
                f"output line {block.output.line + n}",
                " ".join(line.split()),
                next_to,
                words(beside) | label | words(column),
                words(line) | above,
                True,
                f"out[{n - 1}][{k}]",
            )


def _code(block: Block) -> Iterator[Source]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(block.code).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    lines = block.code.splitlines()
    for i, token in enumerate(tokens):
        if token.type != tokenize.NUMBER:
            continue
        line = lines[token.start[0] - 1]
        before = [
            t.string for t in tokens[max(0, i - 8) : i] if t.type == tokenize.NAME
        ]
        near = " ".join(before[-2:])
        name = " ".join(before[-1:]).replace("_", " ")
        value = token.string.replace("_", "")
        try:
            number = to_float(value)
        except ValueError:  # complex, hexadecimal
            continue
        yield Source(
            number,
            value,
            f"code line {block.line + token.start[0]}",
            line.strip(),
            words(name) | {f"={n}" for n in before[-1:]},
            words(near.replace("_", " ")),
            words(line.replace("_", " ")),
            False,
        )
    # What an f-string or a comment says in words is code, too.


# ------------------------------------------------------------------------ what is near


@dataclass(frozen=True)
class PageBlocks:
    """The blocks of a page by section, and its anchors."""

    blocks: tuple[Block, ...]
    sections: tuple[int, ...]  # lines of headings
    chapters: tuple[int, ...]  # lines of those of the second level
    anchors: dict[str, int]  # line of the heading, or of what bears the anchor
    boxes: tuple[tuple[int, int], ...] = ()  # first and last line of each `???`, `!!!`

    def section(self, line: int) -> tuple[int, int]:
        """The lines of the section that a line stands in, without those below it."""
        start = max((s for s in self.sections if s <= line), default=0)
        end = min((s for s in self.sections if s > line), default=10**9)
        return start, end

    def inside(self, line: int) -> list[Block]:
        """The blocks of the section that a line stands in."""
        start, end = self.section(line)
        return [block for block in self.blocks if start <= block.line < end]

    def chapter(self, line: int) -> list[Block]:
        """The blocks between the two headings of the second level around a line."""
        start = max((s for s in self.chapters if s <= line), default=0)
        end = min((s for s in self.chapters if s > line), default=10**9)
        return [block for block in self.blocks if start <= block.line < end]

    def label(self, block: Block) -> str:
        """How a fact names a block: the anchor of its section and its place."""
        start, _ = self.section(block.line)
        anchor = next((a for a, line in self.anchors.items() if line == start), "")
        nth = self.inside(block.line).index(block) + 1
        return f" of #{anchor} {nth}" if anchor else ""

    def near(self, first: int, last: int) -> list[Block]:
        """The nearest block above and the nearest below, in the section."""
        return _around(self.inside(first), first, last)

    def boxed(self, first: int, last: int) -> list[Block]:
        """The nearest blocks in the innermost box around these lines, if it has any."""
        around = [(a, b) for a, b in self.boxes if a < first <= last <= b]
        start, end = max(around, default=(0, 0))
        inside = [block for block in self.blocks if start < block.line <= end]
        return _around(inside, first, last)


def _around(among: list[Block], first: int, last: int) -> list[Block]:
    above = [block for block in among if block.line < first][-1:]
    below = [block for block in among if block.line > last][:1]
    return above + below


_ANCHOR = re.compile(r"\{[^}\n]*#(?P<anchor>[\w-]+)[^}\n]*\}|id=\"(?P<id>[\w-]+)\"")


def page_blocks(text: str, name: str = "page") -> PageBlocks:
    """Read the blocks of a page with the sections they stand in."""
    lines = text.split("\n")
    found = list(paragraphs(text, name))
    headings = [p.line for p in found if p.kind == "heading"]
    chapters = tuple(n for n in headings if lines[n - 1].startswith("## "))
    anchors: dict[str, int] = {}
    for n, line in enumerate(lines, 1):
        for match in _ANCHOR.finditer(line):
            anchors.setdefault(match["anchor"] or match["id"], n)
    boxes = [
        (p.line, _end_of_box(lines, p.line, len(p.indent)))
        for p in found
        if p.kind == "title"
    ]
    kept = tuple(blocks(text, name))
    return PageBlocks(kept, tuple(headings), chapters, anchors, tuple(boxes))


def _end_of_box(lines: list[str], start: int, indent: int) -> int:
    """The last line that is indented more than the title on line `start`."""
    end = start
    for n, line in enumerate(lines[start:], start + 1):
        if line.strip():
            if len(line) - len(line.lstrip()) <= indent:
                break
            end = n
    return end


@lru_cache(64)
def _read(path: Path) -> PageBlocks:
    return page_blocks(path.read_text(encoding="utf-8"), path.name)


def linked(target: str, path: Path, here: PageBlocks) -> list[Block]:
    """The blocks of the section that a link such as `page.md#anchor` leads to."""
    page, _, anchor = target.partition("#")
    there = here
    if page:
        other = (path.parent / page).resolve()
        if (
            not page.endswith(".md")
            or not other.is_file()
            or not other.is_relative_to(DOCS.parent)
        ):
            return []
        there = _read(other)
    line = there.anchors.get(anchor)
    return [] if line is None else there.inside(line)

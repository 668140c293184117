"""Reads a Markdown page into its fences, comments and displayed equations.

The scanner is line based on purpose: it must also see what a Markdown parser would
silently pass over.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_COMMENT = re.compile(r"^\s*<!--(?P<body>.*?)-->\s*$", re.DOTALL)


_CODE = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.DOTALL)
_MATHS = re.compile(r"(?<![\\$])\$(?![\s$])([^$]+?)(?<!\s)\$")
_ITEM = re.compile(r"([-*+]|\d+[.)]|:)\s+|\[\^[^\]]+\]:")
_TITLE = re.compile(r"(!!!|\?\?\?\+?|===)\s")
_RULE = re.compile(r"[|\s:-]+")


class PageError(ValueError):
    """A page that cannot be read; the message starts with page:line."""


@dataclass(frozen=True)
class Element:
    """A stretch of lines; `line` and `end` are 1-based and inclusive."""

    line: int
    end: int
    indent: str
    text: str  # what stands inside, dedented by `indent`, with a final newline


@dataclass(frozen=True)
class Fence(Element):
    """A fenced block; `info` is the opening line after the ticks, untouched."""

    ticks: str
    info: str


@dataclass(frozen=True)
class Comment(Element):
    """An HTML comment that starts on a line of its own; `text` is stripped."""


@dataclass(frozen=True)
class Equation(Element):
    """A displayed equation between two lines that hold nothing but `$$`."""


@dataclass(frozen=True)
class Span:
    """A formula or a piece of code inside a paragraph; `start` counts from 0."""

    start: int
    end: int  # behind the closing mark
    text: str  # without the marks


@dataclass(frozen=True)
class Paragraph(Element):
    """Running text: a paragraph, a list item, a row of a table, a heading, a title.

    `section` is the line of the heading above, 0 without one. `text` keeps the lines,
    so that a place in it is a place on the page.
    """

    kind: str = "text"  # text, item, row, heading, title
    section: int = 0

    @cached_property
    def code(self) -> tuple[Span, ...]:
        """What stands in backticks."""
        return tuple(
            Span(m.start(), m.end(), m[2].strip()) for m in _CODE.finditer(self.text)
        )

    @cached_property
    def maths(self) -> tuple[Span, ...]:
        """The inline formulas."""
        return tuple(
            Span(m.start(), m.end(), m[1]) for m in _MATHS.finditer(self.plain)
        )

    @cached_property
    def plain(self) -> str:
        """The text with code blotted out, so that every place stays where it is."""
        return _CODE.sub(lambda m: " " * len(m[0]), self.text)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a place in the text."""
        before = self.text[:offset]
        line = self.line + before.count("\n")
        return line, offset - (before.rfind("\n") + 1) + len(self.indent) + 1


def dedent(line: str, indent: str) -> str:
    """Cut at most `indent` from the left of a line, as Markdown does."""
    blank = len(line) - len(line.lstrip())
    return line[min(len(indent), blank) :] if line.strip() else "\n"


def elements(text: str, name: str = "page") -> Iterator[Element]:
    """Fences, comments and displayed equations of a page, in order."""
    lines = io.StringIO(text).readlines()  # not at form feeds, as splitlines() would
    i = 0
    while i < len(lines):
        line = lines[i].rstrip("\n")
        indent = line[: len(line) - len(line.lstrip())]
        start = i
        if match := _FENCE.match(line):
            ticks = match["ticks"]
            close = re.compile(rf"^\s*{re.escape(ticks[0])}{{{len(ticks)},}}\s*$")
            i += 1
            while i < len(lines) and not close.match(lines[i]):
                i += 1
            if i == len(lines):
                raise PageError(f"{name}:{start + 1}: this fence is never closed")
            body = "".join(dedent(row, indent) for row in lines[start + 1 : i])
            yield Fence(start + 1, i + 1, indent, body, ticks, match["info"])
        elif line.lstrip().startswith("<!--"):
            while i < len(lines) and "-->" not in lines[i]:
                i += 1
            if i == len(lines):
                raise PageError(f"{name}:{start + 1}: this comment is never closed")
            found = _COMMENT.match("".join(lines[start : i + 1]))
            if found:  # text after the comment makes it part of a paragraph
                body = found["body"]
                head, _, tail = body.partition("\n")
                body = head.strip() + ("\n" + textwrap.dedent(tail) if tail else "")
                yield Comment(start + 1, i + 1, indent, body.strip())
        elif line.strip() == "$$":
            i += 1
            while i < len(lines) and lines[i].strip() != "$$":
                i += 1
            if i == len(lines):
                raise PageError(f"{name}:{start + 1}: this equation is never closed")
            body = "".join(dedent(row, indent) for row in lines[start + 1 : i])
            yield Equation(start + 1, i + 1, indent, body)
        i += 1


def equations(text: str, name: str = "page") -> list[tuple[Equation, Comment | None]]:
    """Each displayed equation with the `equation` comment right above it, if any."""
    found: list[tuple[Equation, Comment | None]] = []
    last: Comment | None = None
    for element in elements(text, name):
        if isinstance(element, Equation):
            found.append((element, last))
        is_symbols = isinstance(element, Comment) and element.text.startswith(
            "equation"
        )
        last = element if is_symbols and isinstance(element, Comment) else None
    return found


def paragraphs(text: str, name: str = "page") -> Iterator[Paragraph]:
    """The running text of a page, in order: all that is no fence, comment, equation."""
    lines = text.split("\n")
    taken: set[int] = set()
    for element in elements(text, name):
        taken |= set(range(element.line, element.end + 1))
    section = start = 0  # line of the heading, and of the open paragraph
    kind = "text"
    number = _after_front_matter(lines)
    while number <= len(lines) + 1:
        line = "" if number > len(lines) or number in taken else lines[number - 1]
        content = line.strip()
        new = _kind(content)
        if start and (not content or new != "text"):
            yield _paragraph(lines, start, number - 1, kind, section)
            start = 0
        if content and not start:
            start, kind = number, new
        if start and new in {"row", "heading", "title"}:
            section = number if new == "heading" else section
            if not _RULE.fullmatch(content):
                yield _paragraph(lines, start, number, kind, section)
            start = 0
        number += 1


def _after_front_matter(lines: list[str]) -> int:
    if lines[0] == "---" and "---" in lines[1:]:
        return lines.index("---", 1) + 2
    return 1


def _kind(content: str) -> str:
    if content.startswith("|"):
        return "row"
    if re.match(r"#{1,6}\s", content):
        return "heading"
    if _TITLE.match(content):
        return "title"
    return "item" if _ITEM.match(content) else "text"


def _paragraph(
    lines: list[str], start: int, end: int, kind: str, section: int
) -> Paragraph:
    first = lines[start - 1]
    indent = first[: len(first) - len(first.lstrip())]
    text = "\n".join(dedent(line, indent) for line in lines[start - 1 : end])
    return Paragraph(start, end, indent, text, kind, section)

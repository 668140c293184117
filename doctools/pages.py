"""Reads a Markdown page into the elements that are held to code.

Everything that looks at a page (census, outputs, figures, equations) reads it here,
so that all of them agree on what a block is. The scanner is line based on purpose: it
must also see what a Markdown parser would silently pass over.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

EXPECTED_OUTPUT = "pytest-codeblocks:expected-output"

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_COMMENT = re.compile(r"^\s*<!--(?P<body>.*?)-->\s*$", re.DOTALL)


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
class Block:
    """A Python block with what belongs to it."""

    line: int  # of the opening fence
    code: str
    output: Fence | None = None
    caption: str | None = None
    end: int = 0  # line of the closing fence
    indent: str = ""

    @property
    def draws(self) -> bool:
        """Whether the last statement is `plt.show()`."""
        return self.code.rstrip().endswith("plt.show()")


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


def blocks(text: str, name: str = "page") -> list[Block]:
    """The Python blocks of a page, each with its output and caption.

    A caption stands in a comment `figure: ...` above the block, an output in the fence
    below the comment that pytest-codeblocks reads, which follows its block.
    """
    found: list[Block] = []
    caption: str | None = None
    follows_python = output_next = False
    for element in elements(text, name):
        if isinstance(element, Comment):
            if element.text == EXPECTED_OUTPUT:
                output_next = follows_python
            elif element.text.startswith("figure:"):
                caption = " ".join(element.text.removeprefix("figure:").split())
            follows_python = False
        elif isinstance(element, Fence):
            follows_python = element.info == "python" and not output_next
            if output_next:
                found[-1] = replace(found[-1], output=element)
                output_next = False
            elif element.info == "python":
                block = Block(element.line, element.text, caption=caption)
                found.append(replace(block, end=element.end, indent=element.indent))
                caption = None
    return found


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


def markdown_pages(root: Path = DOCS) -> list[Path]:
    """All pages below a folder, in a stable order."""
    return sorted(root.rglob("*.md"))


def locate(text: str, root: Path = DOCS) -> tuple[Path, int] | None:
    """The page that holds this text, and how many lines of front matter precede it.

    Python-Markdown hands an extension the text of a page but not its name.
    """
    text = text.strip("\n")  # Markdown adds some, MkDocs drops some
    for path in markdown_pages(root):
        whole = path.read_text(encoding="utf-8").rstrip("\n")
        before = whole.removesuffix(text)
        if text and len(before) + len(text) == len(whole):
            if not before:
                return path, 0
            if before.startswith("---\n") and before.rstrip("\n").endswith("\n---"):
                return path, before.count("\n")
    return None

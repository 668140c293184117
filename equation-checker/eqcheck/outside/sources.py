"""Where equations come from: the one place that knows how pages are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from eqcheck.check.source import Source
from eqcheck.outside import markdown as pages

INLINE = "inline equations"
_MATHS = re.compile(r"(?<![\\$])\$(?![\s$])([^$]+?)(?<!\s)\$")
_RELATION = re.compile(r"[=<>]|\\(le|ge|ne|leq|geq|neq|approx|in)(?![A-Za-z])")


def read_page(path: Path) -> list[Source]:
    """The equations of a Markdown page that are to be checked, in order."""
    return read_text(path.read_text(encoding="utf-8"), path.name)


def read_text(text: str, name: str = "page") -> list[Source]:
    """The equations of Markdown text that are to be checked, in order."""
    displayed = [
        Source(
            equation.line,
            equation.end,
            len(equation.indent),
            equation.text,
            comment.text if comment else None,
            comment.line if comment else equation.line,
        )
        for equation, comment in pages.equations(text, name)
    ]
    return sorted([*displayed, *_inline(text, name)], key=lambda source: source.line)


def _inline(text: str, name: str) -> Iterator[Source]:
    """The inline equations of each paragraph below a comment `inline equations`."""
    lines = text.splitlines()
    for comment in pages.elements(text, name):
        if isinstance(comment, pages.Comment) and comment.text.startswith(INLINE):
            end = comment.end
            while end < len(lines) and lines[end].strip():
                end += 1
            paragraph = " ".join(line.strip() for line in lines[comment.end : end])
            stated = [m for m in _MATHS.findall(paragraph) if _RELATION.search(m)]
            yield Source(
                comment.end,
                end,
                len(comment.indent),
                " \\quad ".join(stated),
                comment.text.replace(INLINE, "equation", 1),
                comment.line,
            )

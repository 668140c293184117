"""Where equations come from: the one place that knows how pages are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from doctools import pages


@dataclass(frozen=True)
class Source:
    """A displayed equation and the comment right above it."""

    line: int  # of the opening $$
    end: int
    indent: int
    latex: str
    comment: str | None
    comment_line: int

    def page_line(self, line: int) -> int:
        """The line on the page of a line of the LaTeX, both from 1."""
        return self.line + line


def read_page(path: Path) -> list[Source]:
    """The displayed equations of a Markdown page."""
    return read_text(path.read_text(encoding="utf-8"), path.name)


def read_text(text: str, name: str = "page") -> list[Source]:
    """The displayed equations of Markdown text."""
    found = []
    for equation, comment in pages.equations(text, name):
        found.append(
            Source(
                equation.line,
                equation.end,
                len(equation.indent),
                equation.text,
                comment.text if comment else None,
                comment.line if comment else equation.line,
            )
        )
    return found

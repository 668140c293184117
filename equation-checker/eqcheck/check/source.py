"""A piece of LaTeX to be checked, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A displayed equation, or the inline ones of a paragraph, with its comment."""

    line: int  # of the opening $$; above a paragraph, the last line of the comment
    end: int
    indent: int
    latex: str
    comment: str | None
    comment_line: int

    def page_line(self, line: int) -> int:
        """The line on the page of a line of the LaTeX, both from 1."""
        return self.line + line

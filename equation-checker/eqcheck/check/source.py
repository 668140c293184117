"""A piece of LaTeX to be checked, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """An inline formula, with what its sentence says right before it."""

    latex: str
    line: int  # of the page
    column: int
    before: str  # words since the last formula, or since the sentence began
    sentence: int  # which sentence of the source it stands in


@dataclass(frozen=True)
class Source:
    """A displayed equation, or the inline formulas of a paragraph, with its comment."""

    line: int  # of the opening $$; of a paragraph, its first line
    end: int
    indent: int
    latex: str
    comment: str | None
    comment_line: int
    formulas: tuple[Formula, ...] = ()  # a line of `latex` each, if they are inline
    below: tuple[str, int] | None = None  # the comment of the next display, its line

    def page_line(self, line: int) -> int:
        """The line on the page of a line of the LaTeX, both from 1."""
        if self.formulas:
            return self.formulas[min(line, len(self.formulas)) - 1].line
        return self.line + line

    def page_column(self, line: int, column: int) -> int:
        """The column on the page, from 1."""
        if self.formulas:
            formula = self.formulas[min(line, len(self.formulas)) - 1]
            return formula.column + column
        return column + self.indent

"""Where equations come from: the one place that knows how pages are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eqcheck.check.source import Formula, Source
from eqcheck.outside.config import Config, find
from eqcheck.outside.markdown import (
    Comment,
    Paragraph,
    elements,
    equations,
    paragraphs,
)

INLINE = "inline equations"
_RELATION = re.compile(r"[=<>]|\\(le|ge|ne|leq|geq|neq|approx|in)(?![A-Za-z])")
_SIGN = re.compile(r"\s*(\\[A-Za-z]+|[=<>])\s*")  # one that is spoken of
_QUOTE = re.compile(r"<q\b.*?</q>", re.DOTALL)  # somebody else's words
# A sentence ends where another could begin; a formula may be what begins it.
_SENTENCE = re.compile(r"(?<=[.!?])[\"”)*_]*\s+(?=[*_\[(\"“]*[A-Z$])|;\s")


def read_page(path: Path) -> list[Source]:
    """The equations of a Markdown page that are to be checked, in order."""
    return read_text(path.read_text(encoding="utf-8"), name_of(path))


def name_of(path: Path, config: Config | None = None) -> str:
    """What messages call a page: its path in the project that has the table."""
    config = find(path) if config is None else config
    page = path.resolve()
    if config.folder is not None and page.is_relative_to(config.folder):
        return page.relative_to(config.folder).as_posix()
    return path.name


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
        for equation, comment in equations(text, name)
    ]
    found = [*displayed, *_inline(text, name)]
    found.sort(key=lambda source: source.line)
    below: tuple[str, int] | None = None
    for k in range(len(found) - 1, -1, -1):
        source = found[k]
        if source.formulas:
            found[k] = replace(source, below=below)
        elif source.comment is not None:
            below = source.comment, source.comment_line
    return found


def _inline(text: str, name: str) -> Iterator[Source]:
    """The inline formulas that state something.

    Those below a comment `inline equations` belong to it, down to the next blank line;
    any other paragraph, list item or row of a table stands for itself.
    """
    lines = text.split("\n")
    below: dict[int, tuple[Comment, int]] = {}  # line -> its comment, and their end
    for each in elements(text, name):
        if isinstance(each, Comment) and each.text.startswith(INLINE):
            end = each.end
            while end < len(lines) and lines[end].strip():
                end += 1
            below |= dict.fromkeys(range(each.end + 1, end + 1), (each, end))
    together: dict[int, list[Paragraph]] = {
        comment.line: [] for comment, _ in below.values()
    }
    for paragraph in paragraphs(text, name):
        comment, end = below.get(paragraph.line, (None, paragraph.end))
        if comment is None:
            formulas = tuple(_formulas([paragraph]))
            if formulas:
                yield _source(formulas, paragraph.line, paragraph.end, None)
        else:
            together[comment.line].append(paragraph)
    for comment, end in {id(c): (c, e) for c, e in below.values()}.values():
        formulas = tuple(_formulas(together[comment.line]))
        yield _source(formulas, comment.end + 1, end, comment)


def _source(
    formulas: tuple[Formula, ...], line: int, end: int, comment: Comment | None
) -> Source:
    latex = "\n".join(formula.latex for formula in formulas)
    said = comment.text.replace(INLINE, "equation", 1) if comment else None
    above = line if comment is None else comment.line
    return Source(line, end, 0, latex, said, above, formulas)


def _formulas(listed: list[Paragraph]) -> Iterator[Formula]:
    """The formulas with a relation, each with its sentence and the words before it."""
    sentence = 0
    for paragraph in listed:
        plain = paragraph.plain
        quoted = [match.span() for match in _QUOTE.finditer(plain)]
        for span in paragraph.maths:  # a full stop inside of maths ends no sentence
            inner = "$" * (span.end - span.start)
            plain = plain[: span.start] + inner + plain[span.end :]
        sentence += 1
        last = 0
        for span in paragraph.maths:
            between = plain[last : span.start]
            breaks = list(_SENTENCE.finditer(plain, last, span.start + 1))
            sentence += len(breaks)
            if breaks:
                between = plain[breaks[-1].end() : span.start]
            last = span.end
            if any(start < span.start < end for start, end in quoted):
                continue
            if _RELATION.search(span.text) and not _SIGN.fullmatch(span.text):
                latex = " ".join(span.text.split())
                line, column = paragraph.place(span.start)
                yield Formula(latex, line, column, " ".join(between.split()), sentence)

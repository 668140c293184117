"""The words inside figures, in the language of this build."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from doctools import figures, pages
from doctools.translations import catalogue, language
from doctools.translations.units import says_something

# What is raised stands in a span of its own.
_TEXT = re.compile(r"(<text\b[^>]*)>((?:[^<]|</?tspan\b[^>]*>)+)</text>")
_SPAN = re.compile(r"<[^>]*>")


def translated(drawing: str) -> str:
    """A drawing with its words in the language of this build.

    The English stays as an attribute: `run.js` compares with what a reader's run draws.
    """
    if not language.is_translated():
        return drawing
    known = catalogue.read(catalogue.FIGURES)

    def word(match: re.Match[str]) -> str:
        english = _plain(match[2])
        chinese = known.get(english)
        if chinese is None:
            return match[0]
        kept = html.escape(english)
        return f'{match[1]} data-en="{kept}">{html.escape(chinese)}</text>'

    return _TEXT.sub(word, drawing)


def words() -> Iterator[str]:
    """The words in the figures of all pages."""
    for path in pages.markdown_pages():
        name = path.relative_to(pages.ROOT).as_posix()
        for block in pages.blocks(path.read_text(encoding="utf-8"), name):
            if block.draws:
                for each in figures.all_drawings(block, name):
                    found = (_plain(text) for _, text in _TEXT.findall(each))
                    yield from filter(says_something, found)


def _plain(text: str) -> str:
    """What one reads of a text with markup, as a script gets it."""
    return html.unescape(_SPAN.sub("", text))

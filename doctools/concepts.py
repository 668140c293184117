"""How the concept pages build on one another, and the map of them on the home page.

A page says on top which others it needs ("Needs: ..."), and `docs/concepts/index.md`
what one learns there, in the order of reading. The map is made from both.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from doctools import pages
from doctools.translations import edition
from doctools.translations.language import say

FOLDER = pages.DOCS / "concepts"
_NUMBER = re.compile(r"^\d+\. +(?=\[)")
_ITEM = re.compile(r"\[(?P<title>.+?)\]\((?P<page>[\w-]+)\.md\)(?:: |：)(?P<learn>.*)")
_LINK = re.compile(r"\]\(([\w-]+)\.md\b")

# In units of the drawing: a column holds pages that need as many others in a row.
WIDTH, HEIGHT, GAP_X, GAP_Y = 178, 92, 30, 16
LETTERS = 27  # of a line in a box
# Chinese breaks between any two characters, but not before a comma.
_HAN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_PIECES = re.compile(
    r"\s*(?:[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+)"
)
_NEVER_FIRST = re.compile(r"[，。；：、！？）”]")


@dataclass(frozen=True)
class Concept:
    """A concept page: what one learns there, and which pages it needs."""

    page: str
    title: str
    learn: str
    needs: frozenset[str]


def concepts() -> list[Concept]:
    """The pages in the order of reading."""
    text = (FOLDER / "index.md").read_text(encoding="utf-8")
    rows = re.split(r"\n(?=\d+\. )|\n\n", text.replace("\n   ", " "))
    items = [row[at.end() :].strip() for row in rows if (at := _NUMBER.match(row))]
    said = edition.translator("concepts/index.md")
    found = [match for item in items if (match := _ITEM.match(said(item) or item))]
    return [Concept(m["page"], m["title"], m["learn"], needs(m["page"])) for m in found]


def needs(page: str) -> frozenset[str]:
    """The concept pages that a page says it needs, in its paragraph "Needs: ..."."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    paragraph = re.search(r"^Needs: (.*?)(?:Symbols:|\n\n)", text, re.DOTALL | re.M)
    return frozenset(_LINK.findall(paragraph[1])) - {page} if paragraph else frozenset()


def arrows(found: list[Concept]) -> list[tuple[str, str]]:
    """From each page to those that need it, but not where another page is between."""
    known = {concept.page: concept for concept in found}

    @cache
    def behind(page: str) -> frozenset[str]:
        direct = known[page].needs
        return direct.union(*map(behind, direct))

    return [
        (need, concept.page)
        for concept in found
        for need in sorted(concept.needs)
        if not any(need in behind(other) for other in concept.needs - {need})
    ]


def columns(found: list[Concept]) -> list[list[Concept]]:
    """The pages by how long the longest chain of pages before them is."""
    known = {concept.page: concept for concept in found}

    @cache
    def depth(page: str) -> int:
        return max((depth(need) + 1 for need in known[page].needs), default=0)

    ordered = sorted(found, key=lambda concept: depth(concept.page))
    return [list(c) for _, c in groupby(ordered, key=lambda c: depth(c.page))]


def map_of_concepts() -> str:
    """The map, and for phones the same pages in their order."""
    found = concepts()
    across = columns(found)
    most = max(map(len, across))
    places = {
        concept.page: (
            x * (WIDTH + GAP_X) + 2,
            (2 * y + most - len(column)) * (HEIGHT + GAP_Y) // 2 + 2,
        )
        for x, column in enumerate(across)
        for y, concept in enumerate(column)
    }
    right = max(x for x, _ in places.values()) + WIDTH + 2
    bottom = most * (HEIGHT + GAP_Y) - GAP_Y + 4
    lines = [_arrow(places[a], places[b]) for a, b in arrows(found)]
    boxes = [_box(concept, *places[concept.page]) for concept in found]
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
    )
    name = say("Map of concepts")
    drawing = (
        f'<div class="nn-map"><svg viewBox="0 0 {right} {bottom}" role="group" '
        f'aria-label="{name}">{tip}{"".join(lines + boxes)}</svg></div>'
    )
    items = [
        f"{k}. [{concept.title}](concepts/{concept.page}.md)"
        f"{say(': {learn}', learn=concept.learn)}"
        for k, concept in enumerate(found, 1)
    ]
    order = ['<div class="nn-order" markdown>', "", *items, "", "</div>"]
    return "\n".join([drawing, "", *order])


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + WIDTH, start[1] + HEIGHT / 2
    to_x, to_y = end[0], end[1] + HEIGHT / 2
    bend = GAP_X * 0.8
    curve = f"M{x} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x} {to_y:g}"
    return f'<path d="{curve}" marker-end="url(#tip)"/>'


def _box(concept: Concept, x: int, y: int) -> str:
    link = pages.link("index.md", f"concepts/{concept.page}.md")
    title, learn = _wrapped(concept.title, 24), _wrapped(concept.learn, LETTERS)
    rows = [(row, "nn-map__title") for row in title] + [(row, "") for row in learn]
    texts = [
        f'<text x="{x + 10}" y="{y + 20 + 15 * k}" class="{kind}">{html.escape(row)}'
        "</text>"
        for k, (row, kind) in enumerate(rows)
    ]
    name = html.escape(concept.title + say(": {learn}", learn=concept.learn))
    return (
        f'<a href="{link}" class="node" aria-label="{name}">'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f"{''.join(texts)}</a>"
    )


def _wrapped(text: str, most: int) -> list[str]:
    """Lines of at most so many letters; a Chinese one is as wide as two."""
    lines, width = [""], 0
    for piece in _PIECES.findall(text):
        bare = piece.strip()
        wide = len(bare) + len(_HAN.findall(bare))
        blank = piece[0].isspace()
        if lines[-1] and width + blank + wide > most and not _NEVER_FIRST.match(bare):
            lines.append(bare)
            width = wide
        else:
            lines[-1] += " " * blank + bare
            width += blank + wide
    return [line.strip() for line in lines]

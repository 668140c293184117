"""What of a page is translated: its paragraphs, headings, items, table rows, captions.

Whatever the scanner of the checks knows (blocks, outputs, equations, comments) is no
unit; so it is in no catalogue, and a translation cannot change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from doctools import pages, sliders

# What stands before the words of a line, and what after those of a heading or a title.
_PREFIX = re.compile(
    r"\s*(?:#{1,6} |[-*+] |\d+\. |:   |\[\^[^\]]+\]: |\| ?|"
    r'(?:!!!|\?\?\?\+?) [\w -]+? ")?'
)
_ATTRIBUTES = re.compile(r"\s*\{:? ?[#.][^{}]*\}$")
# A line that begins something of its own, and one that is no text at all.
_BEGINS = re.compile(r"\s*(?:#{1,6} |[-*+] |\d+\. |:   |\||!!!|\?\?\?|\[\^[^\]]+\]: )")
_BLOCK_TAGS = "a|dd|details|div|dl|dt|figure|li|nav|ol|p|section|summary|table|ul"
_NO_TEXT = re.compile(
    rf"\s*(?:</?(?:{_BLOCK_TAGS})\b[^>]*>\s*$|:::|\|[\s:|-]+\|?$|\*\[|---+\s*$|"
    r"\{[:\s]?[^}]*\}\s*$)"
)
_WORDS = re.compile(r"[A-Za-z]{2}|\b[A-Za-z]\b")
_NOT_WORDS = re.compile(r"\$[^$]*\$|`[^`]*`|\]\([^)]*\)|<[^>]*>|\{[^}]*\}")


@dataclass(frozen=True)
class Unit:
    """A piece of text with the lines it stands in; `text` is the key of catalogues."""

    line: int
    end: int
    text: str
    before: str = ""
    after: str = ""
    kind: str = "text"  # or "caption", "label": parts of a comment


def units(text: str, name: str = "page") -> list[Unit]:
    """The units of a page, in their order."""
    lines = text.split("\n")
    taken = _front_matter(lines)
    found: list[Unit] = []
    for element in pages.elements(text, name):
        taken |= set(range(element.line, element.end + 1))
        if isinstance(element, pages.Comment):
            found += _of_comment(element)
    for block in pages.blocks(text, name):
        found += [
            Unit(block.line, block.line, slider.label, kind="label")
            for slider in (sliders.sliders(block) if block.controls else ())
        ]
    found += _of_lines(lines, taken)
    return sorted(
        (unit for unit in found if says_something(unit.text)), key=lambda u: u.line
    )


def says_something(text: str) -> bool:
    """Whether there are words in it; formulas, code and links are none."""
    return bool(_WORDS.search(_NOT_WORDS.sub(" ", text)))


def _front_matter(lines: list[str]) -> set[int]:
    if lines[0] != "---":
        return set()
    return set(range(1, lines.index("---", 1) + 2))


def _of_comment(comment: pages.Comment) -> Iterator[Unit]:
    match = pages.CAPTION.fullmatch(comment.text)
    if match is not None:
        caption = " ".join(match["caption"].split())
        yield Unit(comment.line, comment.end, caption, kind="caption")


def _of_lines(lines: list[str], taken: set[int]) -> Iterator[Unit]:
    """Paragraphs, items, headings, rows and titles."""
    first: int | None = None
    directive = False
    for n, line in enumerate([*lines, ""], start=1):
        directive &= not line.strip() or line.startswith("    ")
        free = n not in taken and bool(line.strip()) and not directive
        directive |= line.startswith("::: ")
        nothing = not free or bool(_NO_TEXT.match(line))
        if first is not None and (
            nothing or _BEGINS.match(line) or _is_whole(lines[first - 1])
        ):
            # Attributes of a paragraph stand alone in its last line.
            yield _unit(lines[first - 1 : n - 1], first)
            first = None
        if first is None and not nothing:
            first = n


def _is_whole(line: str) -> bool:
    """Whether no further line can belong to it."""
    return bool(re.match(r"\s*(?:#{1,6} |\||!!!|\?\?\?)", line))


def _unit(rows: list[str], first: int) -> Unit:
    whole = " ".join(row.strip() for row in rows)
    indent = rows[0][: len(rows[0]) - len(rows[0].lstrip())]
    head = _PREFIX.match(whole)
    before = head[0] if head is not None else ""
    body, after = whole[len(before) :], ""
    if before.lstrip().startswith(("!", "?")):
        body, after = body.removesuffix('"'), '"'
    elif before.startswith("|") and body.endswith("|"):
        body = body[:-1].rstrip()
        after = " |"
    elif found := _ATTRIBUTES.search(body):
        body, after = body[: found.start()], found[0]
    return Unit(first, first + len(rows) - 1, body, indent + before, after)

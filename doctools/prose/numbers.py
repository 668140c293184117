"""Binds the numbers of running text to outputs, code, equations and facts nearby."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import eqcheck
from doctools.pages import DOCS, ROOT, Block, Comment, blocks, elements
from doctools.prose.facts import Fact, FactError, block_of, hold, read_facts
from doctools.prose.numerals import Numeral, numerals
from doctools.prose.origins import Around, Origin, around, of_block, sizes, words
from eqcheck.outside.markdown import Paragraph, paragraphs

_FACTS_OF_CAPTION = re.compile(r'\n\s*"')


@dataclass(frozen=True)
class Place:
    """A number on a page and what it was bound to."""

    line: int
    offset: int  # in the page
    numeral: Numeral
    by: str  # output, code, equation, fact, because, from; empty if nothing
    detail: str = ""


@dataclass
class Found:
    """The numbers of a page, and the facts that do not hold."""

    places: list[Place] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def kinds(self) -> Counter[str]:
        """How many numbers were bound to what."""
        return Counter(place.by or "unbound" for place in self.places)

    def messages(self, name: str) -> list[str]:
        """What is wrong, as `page:line: ...`."""
        wrong = [(p.line, p.detail) for p in self.places if not p.by]
        return [f"{name}:{line}: {what}" for line, what in sorted(wrong + self.faults)]


@dataclass
class _Text:
    """Running text or a caption, with the facts above it."""

    paragraph: Paragraph
    offset: int  # of its text in the page
    facts: list[Fact]
    block: Block | None  # of a caption
    first: int  # line of the heading of the section
    last: int


def read_page(path: Path, text: str | None = None) -> Found:
    """All numbers of a page with what they are bound to."""
    text = path.read_text(encoding="utf-8") if text is None else text
    found = Found()
    used: set[Fact] = set()
    facts: set[Fact] = set()
    settings = _settings(path, text)
    for each in _texts(text, path, found):
        facts |= {*each.facts}
        stretches = _stretches(each, path, text, found, used)
        near = around(
            text, each.paragraph.line, each.paragraph.end, each.first, each.last
        )
        if each.block is not None:
            near = Around((each.block,), ())
        places = frozenset(settings.get(each.paragraph.line, ()))
        for numeral in numerals(each.paragraph, places):
            found.places.append(_place(each, numeral, stretches, near, text))
    for fact in facts - used:
        found.faults.append(
            (fact.line, f'"{fact.quote}" does not stand below this fact')
        )
    return found


def unbound(path: Path, text: str | None = None) -> set[str]:
    """What is wrong with the numbers of a page."""
    return {*read_page(path, text).messages(_name(path))}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def _settings(path: Path, text: str) -> dict[int, list[int]]:
    """For each paragraph the places of the settings that no formula holds."""
    name = path.name
    if not path.is_relative_to(DOCS):
        return {}
    kept = path.read_text(encoding="utf-8")
    if kept == text:
        results = eqcheck.check_page(path, cache=ROOT / eqcheck.CACHE)
    else:
        results = eqcheck.check_text(text, name, trials=False)
    held = {(line, column) for r in results for line, column, _ in r.settings}
    found: dict[int, list[int]] = {}
    for paragraph in paragraphs(text, name):
        for span in paragraph.maths:
            if paragraph.place(span.start) in held:
                found.setdefault(paragraph.line, []).append(span.start)
    return found


def _texts(text: str, path: Path, found: Found) -> Iterator[_Text]:
    """Paragraphs, rows and captions in order, each with its facts."""
    rows = text.split("\n")
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row) + 1)
    above = _facts_above(text, path.name, found)
    listed = list(paragraphs(text, path.name))
    heads = [p.line for p in listed if p.kind == "heading"] + [len(rows) + 1]

    def section(line: int) -> tuple[int, int]:
        first = max((head for head in heads if head <= line), default=0)
        return first, min(head for head in heads if head > line) - 1

    for paragraph in listed:
        offset = starts[paragraph.line - 1] + len(paragraph.indent)
        facts = above.get(paragraph.line, [])
        yield _Text(paragraph, offset, facts, None, *section(paragraph.line))
    blocks_by_caption = _captions(text, path.name)
    for comment, block in blocks_by_caption:
        body = comment.text
        tail = _FACTS_OF_CAPTION.search(body)
        caption = body[: tail.start()] if tail else body
        facts = _read(body[tail.start() + 1 :], comment, caption, found) if tail else []
        offset = text.index(caption[:40], starts[comment.line - 1])
        line = comment.line
        paragraph = Paragraph(line, comment.end, "", caption, "caption")
        yield _Text(paragraph, offset, facts, block, *section(line))


def _read(body: str, comment: Comment, caption: str, found: Found) -> list[Fact]:
    try:
        return read_facts(body, comment.line + caption.count("\n") + 1)
    except FactError as error:
        found.faults.append((error.line, error.message))
        return []


def _captions(text: str, name: str) -> list[tuple[Comment, Block]]:
    """The comments that hold a caption, each with its block."""
    drawn = [block for block in blocks(text, name) if block.caption is not None]
    comments = [
        each
        for each in elements(text, name)
        if isinstance(each, Comment) and each.text.startswith("figure")
    ]
    pairs = []
    for comment in comments:
        below = [block for block in drawn if block.line > comment.end]
        if below:
            pairs.append((comment, below[0]))
    return pairs


def _facts_above(text: str, name: str, found: Found) -> dict[int, list[Fact]]:
    """For each line of running text the facts of the comments above it."""
    rows = text.split("\n")
    comments = {e.line: e for e in elements(text, name) if isinstance(e, Comment)}
    result: dict[int, list[Fact]] = {}
    for comment in comments.values():
        if not re.match(r"fact\b", comment.text):
            continue
        try:
            facts = read_facts(comment.text, comment.line)
        except FactError as error:
            found.faults.append((error.line, error.message))
            continue
        start = comment.end
        while start < len(rows) and (not rows[start].strip() or start + 1 in comments):
            start = comments[start + 1].end if start + 1 in comments else start + 1
        while start < len(rows) and rows[start].strip():
            result.setdefault(start + 1, []).extend(facts)
            start += 1
    return result


def _stretches(
    each: _Text, path: Path, text: str, found: Found, used: set[Fact]
) -> list[tuple[Fact, range]]:
    """What the facts bind in a text; those that do not stand here wait for others."""
    stretches = []

    def default() -> Block | None:
        if each.block is not None:
            return each.block
        near = around(
            text, each.paragraph.line, each.paragraph.end, each.first, each.last
        )
        above = [b for b in near.blocks if b.line < each.paragraph.line]
        if above:
            return above[-1]
        return near.blocks[0] if near.blocks else None

    for fact in each.facts:
        try:
            block = block_of(fact, path, text) if fact.of else None
            ranges = hold(fact, each.paragraph.text, block, default)
        except FactError as error:
            if "does not stand below" not in error.message:
                used.add(fact)
                found.faults.append((error.line, error.message))
            continue
        used.add(fact)
        stretches += [(fact, stretch) for stretch in ranges]
    return stretches


def _place(
    each: _Text,
    numeral: Numeral,
    stretches: list[tuple[Fact, range]],
    near: Around,
    text: str,
) -> Place:
    line, _ = each.paragraph.place(numeral.start)
    offset = each.offset + numeral.start
    if each.paragraph.indent:  # the text of an indented paragraph is dedented
        rows = each.paragraph.text[: numeral.start].count("\n")
        offset += rows * len(each.paragraph.indent)
    for fact, stretch in stretches:
        if numeral.start in stretch:
            by = "fact" if fact.how == "=" else fact.how
            return Place(line, offset, numeral, by, fact.rest)
    if numeral.size and {*pairwise(numeral.size)} <= sizes(near.blocks):
        return Place(line, offset, numeral, "code", "a size")
    about = context(each.paragraph, numeral)
    origins = near.origins
    if numeral.significant >= 4:  # nowhere by accident
        origins = [*origins, *_anywhere(text)]
    for origin in () if numeral.size else origins:
        if matches(numeral, origin, about):
            detail = f"{origin.what} line {origin.line}: {origin.text}"
            return Place(line, offset, numeral, origin.what, detail)
    return Place(line, offset, numeral, "", _advice(numeral, origins, about))


@cache
def _anywhere(text: str) -> tuple[Origin, ...]:
    return tuple(
        origin
        for block in blocks(text)
        for origin in of_block(block)
        if origin.what == "output"
    )


@dataclass(frozen=True)
class Context:
    """What stands beside a number: the words of its clause, and its neighbours."""

    words: frozenset[str]
    beside: tuple[str, str]
    close: frozenset[str]  # of the few words next to it


_CLAUSE = re.compile(r"[.;:!?](?=\s|$)|\|")


def context(paragraph: Paragraph, numeral: Numeral) -> Context:
    """The words around a number."""
    text = paragraph.text
    cuts = [m.end() for m in _CLAUSE.finditer(text)]
    start = max((cut for cut in cuts if cut <= numeral.start), default=0)
    end = min((cut for cut in cuts if cut > numeral.start), default=len(text))
    if paragraph.kind == "row":
        start, end = 0, len(text)
    left = re.findall(r"[^\W\d]+|%", text[start : numeral.start])
    right = re.findall(r"[^\W\d]+|%", text[numeral.end : end])
    beside = (left[-1].lower() if left else "", right[0].lower() if right else "")
    close = words(" ".join([*left[-4:], *right[:4], numeral.name.strip("\\ ")]))
    return Context(words(text[start:end]) | close, beside, close)


def matches(numeral: Numeral, origin: Origin, about: Context) -> bool:
    """Whether a number may be taken from there."""
    value = float(numeral.value)
    exact = abs(origin.value - abs(value)) <= 1e-12 * abs(value)
    if not exact and not _rounded(numeral, origin, about):
        return False
    if exact and (numeral.significant >= 2 or numeral.decimals):
        return True
    if exact and numeral.value in {0, 1}:
        return True  # a slip of 0 or 1 seldom gives the other one
    if exact and numeral.decimals is None and "/" in origin.text:
        return True
    shared_close = about.close & origin.words
    shared = about.words & origin.words
    same_beside = any(
        a and a == b and len(a) > 2
        for a, b in zip(about.beside, origin.beside, strict=True)
    )
    if numeral.significant == 2:
        return bool(shared_close or same_beside or len(shared) > 1)
    return bool(shared_close or same_beside)


def _rounded(numeral: Numeral, origin: Origin, about: Context) -> bool:
    if origin.what != "output" or numeral.decimals is None:
        return False
    digits = re.sub(r"\D", "", origin.text).lstrip("0")
    if len(digits) <= numeral.significant or numeral.significant < 2:
        return False
    value = origin.value
    if about.beside[1] == "%" and "%" not in origin.beside:
        value *= 100
    return Numeral.agrees(numeral, value)


def _advice(numeral: Numeral, origins: list[Origin], about: Context) -> str:
    """What stands near, and what to write."""
    value = float(numeral.value)
    scale = max(abs(value), 1e-9)
    near = sorted(origins, key=lambda o: abs(o.value - value) / scale)[:3]
    shown = "; ".join(f"{o.text} ({o.what}, line {o.line})" for o in near)
    told = f"near are {shown}" if near else "no output or number of a block is near"
    _, right = about.beside
    quote = " ".join(part for part in (numeral.text, right) if part)
    return (
        f"{numeral.text} has no source; {told}. Write <!-- fact\\n"
        f'"{quote}" = out[line][number]\\n-->, or because ...'
    )

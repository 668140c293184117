"""The inline code of a page: where it stands and what is known there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache

from doctools import pages
from doctools.evidence import PageBlocks, page_blocks
from doctools.names import known
from doctools.names.expressions import any_parameters, is_call_of_any
from doctools.names.known import Known
from doctools.names.scope import SUBJECT_LATEX, Scope, UnresolvedError
from doctools.names.spans import resolve
from eqcheck.latex.errors import EquationError
from eqcheck.latex.names import identifier
from eqcheck.outside.markdown import Paragraph, Span, paragraphs

_MARK = re.compile(r"names:\s*(?P<names>.*?)\s*,\s*because\s+(?P<why>\w.*)", re.DOTALL)
_EXERCISE = re.compile(r"\*\*\d+\. ")
_QUOTED = re.compile(r"(`+) ?(.+?) ?\1", re.DOTALL)


@dataclass(frozen=True)
class Name:
    """A piece of inline code: where it stands, and what it was found to be."""

    place: str  # page:line
    text: str
    kind: str = ""
    fault: str = ""

    def __str__(self) -> str:
        """As a failure shows it."""
        return f"{self.place}: `{self.text}`: {self.fault}"


@dataclass(frozen=True)
class Mark:
    """A comment `names: ..., because ...` and the lines it is about."""

    line: int
    end: int
    names: tuple[str, ...]
    fault: str = ""


class PageNames:
    """The inline code of a page."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """Running text and captions, from top to bottom."""
        found = list(paragraphs(self.text, self.name))
        found += [
            Paragraph(element.line, element.end, element.indent, element.text)
            for element in self.elements
            if _is_caption(element)
        ]
        return sorted(found, key=lambda each: each.line)

    @cached_property
    def elements(self) -> list[pages.Element]:
        """Fences, comments, equations."""
        return list(pages.elements(self.text, self.name))

    @cached_property
    def chapters(self) -> list[int]:
        """The lines where a section of the second level, or an exercise, begins."""
        starts = (re.compile(r"#{1,2}\s"), _EXERCISE)
        found = [
            p.line for p in self.paragraphs if any(s.match(p.text) for s in starts)
        ]
        return [1, *found]

    def chapter(self, line: int) -> int:
        """Where the section of a line begins."""
        return max(start for start in self.chapters if start <= line)

    @cached_property
    def marks(self) -> list[Mark]:
        """The comments about names that are not to be found here."""
        lines = self.text.split("\n")
        found = []
        for element in self.elements:
            if not isinstance(element, pages.Comment):
                continue
            if not element.text.startswith("names"):
                continue
            end = element.end
            while end < len(lines) and lines[end].strip():
                end += 1
            match = _MARK.fullmatch(element.text)
            names = tuple(
                m[2] for m in _QUOTED.finditer(match["names"] if match else "")
            )
            fault = ""
            if not names:
                fault = "write <!-- names: `NAME`, because REASON -->"
            found.append(Mark(element.line, end, names, fault))
        return found

    @cached_property
    def regions(self) -> dict[int, Known]:
        """What is known in each section: by its first line."""
        regions = {start: Known() for start in self.chapters}
        for block in self.blocks.blocks:
            region = regions[self.chapter(block.line)]
            region.add(known.read_code(block.code))
            if block.output:
                region.strings.append(block.output.text)
        for element in self.elements:
            region = regions[self.chapter(element.line)]
            if isinstance(element, pages.Equation):
                region.symbols |= known.symbols(element.text)
            elif element.text.startswith(("equation", "inline equations")):
                given = re.findall(r"(?m)^([A-Za-z]\w*(?:, \w+)*) =", element.text)
                region.names |= {name for each in given for name in each.split(", ")}
        for paragraph in self.paragraphs:
            region = regions[self.chapter(paragraph.line)]
            for formula in paragraph.maths:
                region.symbols |= known.symbols(formula.text)
            for span in paragraph.code:
                region.called |= mentioned(span.text)
                if self.name in SUBJECT_LATEX:
                    region.names |= _given(span.text)
        return regions

    @cached_property
    def whole(self) -> Known:
        """What is known on the page."""
        result = Known()
        for each in self.regions.values():
            result.add(each)
        return result

    def scope(self, paragraph: Paragraph) -> Scope:
        """What a piece of code of this paragraph may name."""
        chapter = self.chapter(paragraph.line)
        near = [self.regions[chapter], *self.linked(chapter)]
        if any(is_call_of_any(span.text) for span in paragraph.code):
            arguments = {p for each in any_parameters().values() for p in each} & {
                n
                for s in paragraph.code
                for n in re.findall(r"\w+", s.text)
                if is_call_of_any(s.text)
            }
            near.insert(0, Known(names=arguments))
        # `x` stands for the X of a formula in the same sentence.
        letters = {s for each in paragraph.maths for s in known.symbols(each.text)}
        near.append(Known(symbols={letter.lower() for letter in letters}))
        far = [self.whole]
        if self.name == "docs/notation.md":  # it names what all pages write
            far.append(_site())
        if self.name in SUBJECT_LATEX:  # any formula there is an example
            near += far
        row = letters if paragraph.kind == "row" else ()
        printed = tuple(self.printed(paragraph))
        return Scope(self.name, near, far, frozenset(row), printed)

    def linked(self, chapter: int) -> list[Known]:
        """What is known in the sections of the page that an exercise links to."""
        own = [p for p in self.paragraphs if self.chapter(p.line) == chapter]
        if not own or not _EXERCISE.match(own[0].text):
            return []
        anchors = re.findall(r"\]\(#([\w-]+)\)", "\n".join(p.text for p in own))
        lines = [self.blocks.anchors.get(anchor) for anchor in anchors]
        return [self.regions[self.chapter(line)] for line in lines if line]

    @cached_property
    def blocks(self) -> PageBlocks:
        """The Python blocks with their sections."""
        return page_blocks(self.text, self.name)

    def printed(self, paragraph: Paragraph) -> list[str]:
        """What the blocks above and below a paragraph print."""
        near = self.blocks.near(paragraph.line, paragraph.end)
        return [block.output.text for block in near if block.output]

    def spans(self) -> Iterator[tuple[Paragraph, Span]]:
        """Each piece of inline code with its paragraph."""
        for paragraph in self.paragraphs:
            for span in paragraph.code:
                yield paragraph, span

    def look(self, paragraph: Paragraph, span: Span, text: str | None = None) -> Name:
        """What a piece of inline code is; `text` tries another in its place."""
        text = span.text if text is None else text
        text = " ".join(text.split())
        line, _ = paragraph.place(span.start)
        kind = fault = ""
        try:
            kind = resolve(text, self.scope(paragraph))
        except UnresolvedError as error:
            fault = str(error)
        marked = any(
            mark.line < line <= mark.end and text in mark.names for mark in self.marks
        )
        if marked and fault:
            kind, fault = "marked", ""
        elif marked:
            fault = f"marked as unknown here, but it is known ({kind}): take it out"
        return Name(f"{self.name}:{line}", text, kind, fault)

    def names(self) -> list[Name]:
        """All pieces of inline code, and the comments that mark nothing."""
        found = [self.look(paragraph, span) for paragraph, span in self.spans()]
        for mark in self.marks:
            place = f"{self.name}:{mark.line}"
            if mark.fault:
                found.append(Name(place, "names", fault=mark.fault))
            within = {
                " ".join(span.text.split())
                for paragraph, span in self.spans()
                if mark.line < paragraph.place(span.start)[0] <= mark.end
            }
            for name in mark.names:
                if name not in within:
                    fault = "marked, but it does not stand below: take it out"
                    found.append(Name(place, name, fault=fault))
        return found


def _is_caption(element: pages.Element) -> bool:
    return isinstance(element, pages.Comment) and bool(
        pages.CAPTION.fullmatch(element.text)
    )


def mentioned(text: str) -> set[str]:
    """The callables that a piece of inline code names."""
    return {
        name
        for name in re.findall(r"[A-Za-z_]\w*(?!\w*=)", text)
        if len(name) > 1 and known.package_signatures(name)
    }


def _given(text: str) -> set[str]:
    """The Python names of symbols on the page about writing equations."""
    with suppress(EquationError, ValueError):
        match = re.match(r"(\S+|[\w, ]+) = ", text)
        latex = match[1] if match else text
        if re.fullmatch(r"[\w, ]+", latex) and match:
            return set(latex.split(", "))
        if "\\" in latex or "{" in latex:
            layer = re.fullmatch(r"(\w)\^\{\((\d)\)\}", latex)
            return {f"{layer[1]}_{layer[2]}"} if layer else {identifier(latex)}
    return set()


@lru_cache
def _site() -> Known:
    """What the blocks of all pages bind."""
    result = Known()
    for path in pages.markdown_pages():
        with suppress(pages.PageError):
            for block in pages.blocks(path.read_text(encoding="utf-8")):
                result.add(known.read_code(block.code))
    result.called |= set(known.exported())
    return Known(names=result.names, called=result.called)

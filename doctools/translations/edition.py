"""A page of the Chinese edition: the English page with its units replaced.

What has no translation stays English and is marked as such; a page says at its head if
that happened. Headings keep the ids of the English ones, so that links fit both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from markdown.extensions.toc import slugify

from doctools import pages
from doctools.translations import catalogue, checks, language
from doctools.translations.language import say
from doctools.translations.units import Unit, units

# For those who write or host the site, and who read code and error messages in English.
ENGLISH = ("changelog.md", "hosting.md", "writing-equations.md", "reference/speed.md")

_HEADING = re.compile(r"#{1,6} ")
# An entry of the glossary, which has both names.
_BOTH = re.compile(r'(?P<en>.+?) <span lang="zh">(?P<zh>[^<]+)</span>')
_MARKUP = re.compile(r"\]\([^)]*\)|<[^>]*>|[`*\[$]")


def translated_pages() -> list[str]:
    """The pages that are translated, by their names below `docs/`."""
    names = [name_of(path) for path in pages.markdown_pages(pages.DOCS)]
    return [name for name in names if name not in ENGLISH]


def name_of(path: Path) -> str:
    """How a page is called here: its path below `docs/`."""
    return path.relative_to(pages.DOCS).as_posix()


def translator(page: str) -> Callable[[str], str | None]:
    """What gives a unit of a page in the language of this build; None if it lacks."""
    if not language.is_translated():
        return lambda text: text
    if page in ENGLISH:
        return lambda text: None
    known = catalogue.of_page(page)

    def said(text: str) -> str | None:
        found = known.get(text)
        return None if found is None else checks.spaced(found)

    return said


def lines(text: str, page: str) -> dict[int, tuple[int, list[str]]]:
    """Which lines of a page become what: by the first, the last and the new ones."""
    if not language.is_translated() or page in ENGLISH:
        return {}
    found = units(text, page)
    said = translator(page)
    made = {
        unit.line: (unit.end, [_line(unit, said(unit.text))])
        for unit in found
        if unit.kind == "text"
    }
    note = _note(page, [said(unit.text) for unit in found])
    title = next((unit for unit in found if unit.before == "# "), None)
    if note and title is not None:
        made[title.line][1].extend(["", note, ""])
    return made


def _line(unit: Unit, chinese: str | None) -> str:
    before, after = unit.before, unit.after
    if _HEADING.fullmatch(before.lstrip()):
        if both := _BOTH.fullmatch(unit.text):
            text = f'{both["zh"]} <span lang="en">{both["en"]}</span>'
            return f"{before}{text}{after}"
        if "#" not in after:
            after = f" {{ #{slug(unit.text)} }}"
    if chinese is None:
        chinese = _in_english(unit)
    return f"{before}{chinese}{after}"


def _in_english(unit: Unit) -> str:
    if unit.after == '"':
        return unit.text  # a title: no markup fits there
    cells = (
        unit.text.split(" | ") if unit.before.lstrip().startswith("|") else [unit.text]
    )
    return " | ".join(
        f'<span lang="en" class="nn-english">{cell}</span>' if cell.strip() else cell
        for cell in cells
    )


def report() -> list[str]:
    """Which paragraphs of which pages have no translation, or one of before."""
    found = []
    for page in translated_pages():
        known = catalogue.of_page(page)
        texts = dict.fromkeys(unit.text for unit in catalogue.page_units(page))
        stale = [text for text in texts if text not in known]
        if stale:
            found.append(f"{page}: {len(stale)} of {len(texts)} not in Chinese")
            found += [f"    {text[:80]}" for text in stale]
    return found


def slug(heading: str) -> str:
    """The id that Markdown gives a heading."""
    return str(slugify(_MARKUP.sub("", heading), "-"))


def of_makers(html: str) -> str:
    """The content of a page that is in English only, which it says."""
    note = noted(say("This page is in English only."))
    return f'<div lang="en">{html.replace("</h1>", f"</h1>{note}", 1)}</div>'


def noted(words: str) -> str:
    """A line on the edition below the title; no paragraph, for it is no content."""
    return f'<div class="nn-edition" lang="zh-Hans">{words}</div>'


def _note(page: str, said: list[str | None]) -> str:
    """What stands below the title where not all is Chinese."""
    if None in said:
        there = sum(each is not None for each in said)
        words = say(
            "{there} of {all} paragraphs of this page are translated; the others are "
            "in English.",
            there=there,
            all=len(said),
        )
    elif page.startswith("reference/"):
        words = say("What the package itself says of its functions is in English.")
    else:
        return ""
    return noted(words)

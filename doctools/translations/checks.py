"""What a translation must keep of its original, and how Chinese is set."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from doctools import pages, search

# Formulas, code, targets of links, footnotes, attributes, tags: to the letter.
_KEPT = re.compile(
    r"(?P<formula>\$[^$]+\$)|(?P<code>`[^`]+`)|(?P<link>\]\([^)]*\))|"
    r"(?P<footnote>\[\^[^\]]+\])|(?P<attribute>\{:? ?[#.][^{}]*\})|(?P<tag><[^<>]+>)"
)
_STRONG = re.compile(r"\*\*(?=\S)")
_EMPHASIS = re.compile(r"(?<!\*)\*(?!\*)(?=\S)|(?<=\S)(?<!\*)\*(?!\*)")
_NUMBER = re.compile(r"(?<![\w.])[-\N{MINUS SIGN}]?\d+(?:,\d{3})*(?:\.\d+)?(?![\d])")
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
_BORDER = re.compile(rf"(?<=[{_HAN}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?=[{_HAN}])")
_HALF = re.compile(
    rf"[{_HAN}\u201d][,;:!?](?=[\s{_HAN}]|$)|"
    rf"[,;:!?] ?[{_HAN}]|[{_HAN}]\.(?=\s|$|[{_HAN}])|"
    rf"\([{_HAN}]|[{_HAN}]\)"
)
_FULL_BLANK = re.compile("[，。；：！？、（）《》“”] | [，。；：！？、）》”]")
_ZENKAKU = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_TERM = re.compile(r"\[([^\]]*)\]\([^)]*?glossary\.md#([\w-]+)\)")
_OWN_TERM = re.compile(r"\[([^\]]*)\]\(#([\w-]+)\)")


def faults(english: str, chinese: str, page: str = "") -> list[str]:
    """What is wrong with a translation, as far as it can be told without reading."""
    found = []
    for kind in ("formula", "code", "link", "footnote", "attribute", "tag"):
        found += _differing(kind, _kept(english, kind), _kept(chinese, kind))
    bare = _KEPT.sub(" ", english), _KEPT.sub(" ", chinese)
    found += _differing("number", *(Counter(_NUMBER.findall(text)) for text in bare))
    for name, mark in (("strong", _STRONG), ("emphasis", _EMPHASIS)):
        counts = [len(mark.findall(text)) for text in bare]
        if counts[0] != counts[1]:
            found.append(f"{name}: {counts[0]} marks became {counts[1]}")
    if english.count("|") != chinese.count("|") and " | " in english:
        found.append("the row has another number of cells")
    if "\n" in chinese:
        found.append("a line break")
    bare_chinese = _KEPT.sub("", chinese)
    found += [f"half-width {hit[0]!r}" for hit in _HALF.finditer(bare_chinese)]
    found += [f"blank at {hit[0]!r}" for hit in _FULL_BLANK.finditer(chinese)]
    found += [f"full-width {hit[0]!r}" for hit in _ZENKAKU.finditer(chinese)]
    found += _terms(english, chinese, _OWN_TERM if page == "glossary.md" else _TERM)
    return found


def _kept(text: str, kind: str) -> Counter[str]:
    return Counter(hit[0] for hit in _KEPT.finditer(text) if hit.lastgroup == kind)


def _differing(kind: str, before: Counter[str], after: Counter[str]) -> list[str]:
    lost, added = list((before - after).elements()), list((after - before).elements())
    said = [f"lost {' '.join(lost)}"] * bool(lost)
    said += [f"added {' '.join(added)}"] * bool(added)
    return [f"{kind}: {', '.join(said)}"] if said else []


def _terms(english: str, chinese: str, links: re.Pattern[str]) -> list[str]:
    """Terms that are linked to the glossary under another name than it has there."""
    found = []
    said = {hit[2]: hit[1] for hit in links.finditer(chinese)}
    for hit in links.finditer(english):
        names, label = chinese_names().get(hit[2]), said.get(hit[2])
        if names and label is not None and not any(name in label for name in names):
            found.append(f"term {hit[2]}: {label!r} is none of {', '.join(names)}")
    return found


@cache
def chinese_names() -> dict[str, list[str]]:
    """The Chinese names of each term of the glossary, by its id."""
    text = (pages.DOCS / "glossary.md").read_text(encoding="utf-8")
    return {
        entry["id"]: search.names("", entry["zh"])[1:]
        for entry in search.ENTRY.finditer(text)
    }


def spaced(text: str) -> str:
    """The text with a blank between Han and Latin letters, digits, formulas and code.

    Nobody has to type it; between Han and punctuation there is none.
    """
    inner = re.compile(r"\]\([^)]*\)|\{[^{}]*\}|<[^<>]+>")
    pieces, at = [], 0
    for hit in inner.finditer(text):
        pieces += [_spaced(text[at : hit.start()]), hit[0]]
        at = hit.end()
    return "".join([*pieces, _spaced(text[at:])])


def _spaced(text: str) -> str:
    inside = re.compile(r"(\$[^$]+\$|`[^`]+`)")
    parts = inside.split(text)
    for i, part in enumerate(parts):
        if i % 2:
            continue
        part = _BORDER.sub(" ", part)
        if i and re.match(f"[{_HAN}]", part):
            part = " " + part
        if i + 1 < len(parts) and re.search(f"[{_HAN}]$", part):
            part += " "
        parts[i] = part
    return "".join(parts)

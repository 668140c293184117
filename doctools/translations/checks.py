"""What a translation must keep of its original, and how Chinese is set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from doctools import pages, search

# Formulas, code, targets of links, footnotes, attributes, tags: to the letter.
_KEPT = re.compile(
    r"(?P<formula>\$[^$]+\$)|(?P<code>`[^`]+`)|(?P<link>\]\([^)]*\))|"
    r"(?P<footnote>\[\^[^\]]+\])|(?P<attribute>\{:? ?[#.][^{}]*\})|(?P<tag><[^<>]+>)"
)
_STRONG = re.compile(r"\*\*")
_EMPHASIS = re.compile(r"(?<!\*)\*(?!\*)(?=\S)|(?<=\S)(?<!\*)\*(?!\*)")
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])[-\N{MINUS SIGN}]?\d+(?:,\d{3})*(?:\.\d+)?(?![\d])"
)
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
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

    Nobody has to type it. Between two Han, and beside their punctuation, there is none.
    """
    made: list[str] = []
    between: list[tuple[str, str]] = []  # what marks up, and blanks, since `last`
    last = ""  # the kind of what one saw last
    is_open: list[str] = []
    for hit in _ATOM.finditer(text):
        kind, piece = str(hit.lastgroup), hit[0]
        if kind == "mark":
            kind = "close" if is_open[-1:] == [piece] else "open"
            is_open = is_open[:-1] if kind == "close" else [*is_open, piece]
        if kind in ("open", "close", "blank"):
            between.append((kind, piece))
            continue
        made += _between(last, kind, between)
        made.append(piece)
        last, between = kind, []
    return "".join([*made, *(piece for _, piece in between)])


def _between(before: str, after: str, pieces: list[tuple[str, str]]) -> Iterator[str]:
    kinds = {before, after}
    is_border = kinds == {"han", "latin"}
    if not is_border and "full" not in kinds and kinds != {"han"}:
        yield from (piece for _, piece in pieces)
        return
    yield from (piece for kind, piece in pieces if kind == "close")
    yield " " if is_border else ""
    yield from (piece for kind, piece in pieces if kind == "open")


# What one sees of a text, and what marks it up.
_ATOM = re.compile(
    rf"(?P<latin>\$[^$]+\$|`[^`]+`|\u2212?[A-Za-z0-9%\u0370-\u03ff]+)|(?P<han>[{_HAN}])|"
    r"(?P<full>[，。；：！？、（）《》“”…])|(?P<blank>\s+)|(?P<mark>\*+)|"
    r"(?P<close>\]\([^)]*\)|\{[^{}]*\}|</[^<>]+>)|(?P<open>\[(?!\^)|<[^<>/][^<>]*>)|"
    r"(?P<other>\[\^[^\]]+\]|.)",
    re.DOTALL,
)

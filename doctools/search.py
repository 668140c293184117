"""Completes the search index of a built site with the terms that a section explains.

A section rarely has its term as its title, and never in Chinese. The glossary knows
both names and links to the section; so each entry of the index gets `names`, by which
`docs/assets/javascripts/workers/search.js` finds it. What the theme gets to read
is `lean`: without listings to copy, since what they say stands in the reference.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from doctools import pages

ENTRY = re.compile(
    r'^### (?P<term>.+?) <span lang="zh">(?P<zh>[^<]+)</span> \{ #(?P<id>[\w-]+) \}\n'
    r"(?P<body>.*?)(?=^##|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CONCEPT = re.compile(r"\]\(concepts/([\w-]+)\.md(#[\w-]+)?\)")
_BRACKET = re.compile("[\uff08(](.*?)[\uff09)]")


# What the index leaves out, or takes as bare text: nine of ten elements of a page.
_DRAWING = re.compile(r"<svg [^>]*data-search-exclude.*?</svg>", re.DOTALL)
_FORMULA = re.compile(r"<math\b.*?</math>", re.DOTALL)
_UNREAD = re.compile(
    r"<(annotation|mpadded)\b[^>]*data-search-exclude[^>]*>.*?</\1>", re.DOTALL
)
_PRE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_COLOUR = re.compile(r"</?span\b[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_LISTING = re.compile(r"<pre><code># nnref \d")


def lean(html: str) -> str:
    """A page without what the theme's parser would only pass over, one by one."""
    html = _DRAWING.sub("", html)
    html = _FORMULA.sub(lambda m: _TAG.sub("", _UNREAD.sub("", m[0])), html)
    return _PRE.sub(lambda m: _listing(m[0]), html)


def _listing(html: str) -> str:
    bare = _COLOUR.sub("", html)
    return "" if _LISTING.match(bare) else bare


def names(term: str, zh: str) -> list[str]:
    """The single names of a term, those in brackets too."""
    found = [_BRACKET.sub("", term), *re.split(r"[、]", _BRACKET.sub("", zh))]
    first = found[1]
    for bracket in _BRACKET.findall(zh):
        # One character completes the name before it.
        found += [x if len(x) > 1 else first + x for x in bracket.split("、")]
    return [x.strip() for each in found for x in each.split(", ")]


def terms(glossary: str) -> dict[str, list[str]]:
    """The names of the terms that each section explains, by its address.

    That is the first concept page to which the entry links, or the entry itself.
    """
    found: dict[str, list[str]] = {}
    for entry in ENTRY.finditer(glossary):
        if link := _CONCEPT.search(entry["body"]):
            address = f"concepts/{link[1]}/{link[2] or ''}"
        else:
            address = f"glossary/#{entry['id']}"
        found.setdefault(address, []).extend(names(entry["term"], entry["zh"]))
    return found


def complete(site: Path) -> None:
    """Rewrite the index of the site in this folder."""
    path = site / "search" / "search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    glossary = (pages.DOCS / "glossary.md").read_text(encoding="utf-8")
    by_address = terms(glossary)
    for entry in index["docs"]:
        if named := by_address.pop(entry["location"], None):
            entry["names"] = named
    if by_address:
        raise pages.PageError(f"docs/glossary.md: no page has {', '.join(by_address)}")
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")

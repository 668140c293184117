"""Says in each page's head what it is about, for search engines and shared links.

A page's description is its short answer, or the first paragraph that says what it is
about; front matter (`description:`) comes before both. This reads and writes the built
HTML, whatever made it.
"""

from __future__ import annotations

import html
import re
import textwrap
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from doctools import search

LENGTH: Final = 200
CARD: Final = "assets/images/card.png"
_DESCRIPTION = re.compile(r'<meta name="description" content="(.*?)">', re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_CANONICAL = re.compile(r'<link rel="canonical" href="(.*?)">')
# What begins a page, in both languages.
_SHORT = re.compile(r"(Question\.|Needs:|Explained in|问题。|先读：|讲解见)")
_ANSWER = re.compile(r"(Short answer\.|简短的回答。)\s*")


class _Paragraphs(HTMLParser):
    """The text of the paragraphs of a page's article, formulas in a line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._article = self._paragraph = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._article |= tag == "article"
        if tag == "p" and self._article:
            self._paragraph = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._article &= tag != "article"
        self._paragraph &= tag != "p"

    def handle_data(self, data: str) -> None:
        if self._paragraph:
            self.found[-1] += data


def description(page: str) -> str:
    """What a page is about, in at most `LENGTH` characters; '' if it does not say."""
    found = _Paragraphs(search.lean(page)).found
    paragraphs = [" ".join(text.split()) for text in found]
    for text in paragraphs:
        if answer := _ANSWER.match(text):
            return _shortened(text[answer.end() :])
    # A Chinese sentence has half as many characters.
    telling = [
        text
        for text in paragraphs
        if len(text.encode()) > 40 and not _SHORT.match(text)
    ]
    return _shortened(telling[0]) if telling else ""


def _shortened(text: str) -> str:
    """The first sentences that fit, or as many words."""
    if len(text) <= LENGTH:
        return text
    kept = ""
    for sentence in re.split(r"(?<=[.!?])(?= )|(?<=[。！？])", text):
        if len(kept + sentence) > LENGTH:
            break
        kept += sentence
    return kept.strip() or text[: LENGTH - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def complete(site: Path) -> None:
    """Rewrite the head of every page of the site in this folder."""
    general = _DESCRIPTION.search((site / "404.html").read_text(encoding="utf-8"))
    if general is None:
        raise ValueError(f"{site}/404.html has no description: no site_description?")
    home = _CANONICAL.search((site / "index.html").read_text(encoding="utf-8"))
    if home is not None:  # else there is no address by which a picture could be shown
        called = _TITLE.search((site / "index.html").read_text(encoding="utf-8"))
        _draw(site / CARD, called[1] if called else "", html.unescape(general[1]))
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        own, title = _DESCRIPTION.search(text), _TITLE.search(text)
        if own is None or title is None:
            continue  # not one of our pages
        about = own[1]
        if about == general[1] and path.parent != site:
            about = html.escape(description(text)) or about
        heading, _, name = title[1].rpartition(" - ")
        tags = {
            "og:site_name": name or title[1],
            "og:title": heading or title[1],
            "og:description": about,
            "og:type": "website" if path == site / "index.html" else "article",
        }
        if here := _CANONICAL.search(text):
            tags["og:url"] = here[1]
        if home is not None:
            tags["og:image"] = home[1] + CARD
        lines = [f'<meta name="description" content="{about}">']
        lines += [
            f'<meta property="{key}" content="{said}">' for key, said in tags.items()
        ]
        size = "summary" if home is None else "summary_large_image"
        lines.append(f'<meta name="twitter:card" content="{size}">')
        path.write_text(text.replace(own[0], "\n      ".join(lines), 1), "utf-8")


def _draw(path: Path, name: str, about: str) -> None:
    """The picture beside a shared link: the site's sign, its name, what it is."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="#fdfdfb")
    figure.text(0.08, 0.36, "Σ", size=190, color="#0b5c94")
    figure.text(0.36, 0.62, name, size=64, weight="bold", color="#1d2023")
    lines = textwrap.fill(about, 38)
    figure.text(0.36, 0.54, lines, size=27, color="#565c63", va="top", linespacing=1.4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)

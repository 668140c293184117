"""Two editions of one site: what MkDocs is told, and what the built one still needs.

The English edition is the root of the site, the Chinese one the folder `zh` in it. Each
page leads to the same page, and by `site.js` the same section, of the other.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from doctools import offline, pages
from doctools.translations import catalogue, edition, language, words
from doctools.translations.language import CHINESE, ENGLISH, say

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation

FOLDER: Final = "zh"
WORDS: Final = "words.js"
NAMES: Final = {ENGLISH: "English", CHINESE: "中文"}
TAGS: Final = {ENGLISH: "en", CHINESE: "zh-Hans"}
# What both editions share stands in the root, or is of use to nobody in the folder.
SHARED: Final = ("assets", "_py", "404.html")

_BEFORE = '<label class="md-header__button md-icon" for="__search">'
_ASSET = re.compile(
    rf"""(?<=["'(])((?:\.\./)*|\./)(?=(?:assets|_py)/|{re.escape(offline.NAME)})"""
)
_LONG = re.compile(
    r"<em>((?=[^<]*[\u3400-\u9fff])(?:[^<]{12,}|[^<]*[，。；？！：][^<]*))</em>"
)
_MEANING = re.compile(
    r'(<dt id="claim-[^"]*">(?:(?!</dt>).)*<q lang="zh">(?:(?!</dt>).)*</dt>\s*'
    r"<dd>\s*(?:<p>)?)<em>(?:(?!</em>).)*</em>\s*",
    re.DOTALL,
)
_LATIN = re.compile(r"<em>([^<\u3400-\u9fff]+)</em>")
_CANONICAL = re.compile(r'<link rel="canonical" href="(.*?)">')


def configure(config: MkDocsConfig) -> None:
    """Tell MkDocs the language of this build."""
    if not language.is_translated():
        return
    config.theme["language"] = CHINESE
    if config.site_url:
        config.site_url = f"{config.site_url.rstrip('/')}/{FOLDER}/"
    config.site_description = say(config.site_description or "")
    config.copyright = say(config.copyright or "")
    for scheme in config.theme["palette"]:
        scheme["toggle"]["name"] = say(scheme["toggle"]["name"])
    toc = config.mdx_configs["toc"]
    toc["permalink_title"] = say(toc["permalink_title"])
    title = say("Jump back to footnote {} in the text")
    config.mdx_configs.setdefault("footnotes", {})["BACKLINK_TITLE"] = title
    config.extra_javascript.insert(0, WORDS)
    # Material would stem Chinese: then "pooling" finds nothing.
    search: Any = config.plugins["material/search"]
    search.config.pipeline = ["stopWordFilter"]


def name_sections(nav: Navigation) -> None:
    """Give the parts of the navigation their names in the language of this build."""
    for item in [*nav.items, *nav.pages]:
        if item.title:
            item.title = say(item.title)


def edit_address(address: str | None, page: str) -> str | None:
    """Where one mends what a page says: in its catalogue, where that is its source."""
    if not address or not language.is_translated() or page in edition.ENGLISH:
        return address
    own = catalogue.place(page).relative_to(pages.ROOT).as_posix()
    return address.replace(f"docs/{page}", own)


def marked(html: str, page: str) -> str:
    """The content of a page, with what is English marked as such."""
    if not language.is_translated():
        return html
    if page in edition.ENGLISH:
        return edition.of_makers(html)
    html = html.replace('class="doc doc-contents', 'lang="en" class="doc doc-contents')
    # The notes' own words stand above what they mean in English.
    html = _MEANING.sub(r"\1", html)
    # Whole sentences in italics are quotations.
    html = _LONG.sub(r'<em class="nn-long">\1</em>', html)
    return _LATIN.sub(r'<em class="nn-latin">\1</em>', html)


def with_switch(html: str, address: str) -> str:
    """A page with the link to the other edition; `address` is the page's in its own."""
    here = language.current()
    other = ENGLISH if here == CHINESE else CHINESE
    up = "../" * address.count("/")
    link = f"{up}../{address}" if other == ENGLISH else f"{up}{FOLDER}/{address}"
    switch = (
        f'<a class="md-header__button nn-language" href="{link}" '
        f'hreflang="{TAGS[other]}" lang="{TAGS[other]}">{NAMES[other]}</a>\n      '
    )
    html = html.replace(f'<html lang="{CHINESE}"', f'<html lang="{TAGS[CHINESE]}"', 1)
    return html.replace(_BEFORE, switch + _BEFORE, 1)


def write_words(site: Path) -> None:
    """Write what scripts say in the language of this build."""
    if language.is_translated():
        site.joinpath(WORDS).write_text(words.script(), encoding="utf-8")


def join(site: Path, chinese: Path) -> None:
    """Make two built sites one: the second becomes the folder of the first."""
    folder = site / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    chinese.replace(folder)
    for name in SHARED:
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        path.write_text(_ASSET.sub(r"../\1", text), encoding="utf-8")
    addresses = _alternates(site)
    _sitemap(site, addresses)


def _alternates(site: Path) -> list[dict[str, str]]:
    """Say in each page's head where it is in which language; return these addresses."""
    found = []
    folder = site / FOLDER
    of_makers = [site / name.removesuffix(".md") for name in edition.ENGLISH]
    for there in sorted(folder.rglob("*.html")):
        here = site / there.relative_to(folder)
        both = {ENGLISH: here, CHINESE: there}
        texts = {tongue: path.read_text("utf-8") for tongue, path in both.items()}
        marks = {tongue: _CANONICAL.search(text) for tongue, text in texts.items()}
        addresses = {tongue: mark[1] for tongue, mark in marks.items() if mark}
        if len(addresses) < len(both):
            continue  # no site_url: nobody knows where the site will stand
        if here.parent in of_makers:  # the same in both
            mended = texts[CHINESE].replace(addresses[CHINESE], addresses[ENGLISH], 1)
            there.write_text(mended, encoding="utf-8")
            found.append({ENGLISH: addresses[ENGLISH]})
            continue
        found.append(addresses)
        links = "".join(
            f'\n      <link rel="alternate" hreflang="{tag}" href="{address}">'
            for tag, address in [
                *((TAGS[tongue], addresses[tongue]) for tongue in addresses),
                ("x-default", addresses[ENGLISH]),
            ]
        )
        for tongue, path in both.items():
            mark = marks[tongue]
            assert mark is not None
            text = texts[tongue].replace(mark[0], mark[0] + links, 1)
            path.write_text(text, encoding="utf-8")
    return found


def _sitemap(site: Path, found: list[dict[str, str]]) -> None:
    """One map of both editions, each address with its alternates."""
    for name in ("sitemap.xml", "sitemap.xml.gz"):
        (site / FOLDER / name).unlink(missing_ok=True)
    if not found:
        return
    rows = []
    for addresses in found:
        alternates = addresses if len(addresses) > 1 else {}
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{TAGS[tongue]}" '
            f'href="{escape(address)}"/>'
            for tongue, address in alternates.items()
        )
        rows += [
            f"<url><loc>{escape(address)}</loc>{links}</url>"
            for address in addresses.values()
        ]
    import gzip

    text = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
            'xmlns:xhtml="http://www.w3.org/1999/xhtml">',
            *rows,
            "</urlset>\n",
        ]
    )
    (site / "sitemap.xml").write_text(text, encoding="utf-8")
    packed = gzip.compress(text.encode(), mtime=0)
    (site / "sitemap.xml.gz").write_bytes(packed)


def digest() -> bytes:
    """What all pages of this edition are made with, besides their own catalogue."""
    if not language.is_translated():
        return b""
    shared = (catalogue.COMMON, catalogue.INTERFACE, catalogue.FIGURES)
    return b"\0".join(path.read_bytes() for path in shared if path.exists())

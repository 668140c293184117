"""The built site as files: links, anchors, ids, nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

BASE = "http://site/"


class Page(HTMLParser):
    """What a page names: its ids, links, and files that it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])
        elif tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(found.get("href", ""))


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[str, Page]:
    """Every page of the site by its address."""
    return {
        urljoin(BASE, path.relative_to(site).as_posix().removesuffix("index.html")): (
            Page(path)
        )
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links are absolute paths of the host
    }


def test_every_link_lands(site: Path, parsed: dict[str, Page]) -> None:
    """Internal links lead to a file, and their fragment to an id in it."""
    broken = []
    for address, page in parsed.items():
        for link in page.links + page.loads:
            target, _, fragment = urljoin(address, link).partition("#")
            if not target.startswith(BASE):
                continue
            path = site / unquote(urlsplit(target).path.lstrip("/"))
            if not (path / "index.html" if path.is_dir() else path).is_file():
                broken.append(f"{address}: {link}")
            elif fragment and unquote(fragment) not in parsed[target].ids:
                broken.append(f"{address}: {link} (no such anchor)")
    assert not broken, "\n".join(broken)


def test_ids_are_unique(parsed: dict[str, Page]) -> None:
    """An id that occurs twice on a page makes a link to it ambiguous."""
    for address, page in parsed.items():
        # Material names each of its radio buttons by index itself.
        twice = {i for i in page.ids if page.ids.count(i) > 1}
        assert not twice, f"{address}: {sorted(twice)}"


def test_nothing_is_loaded_from_elsewhere(site: Path, parsed: dict[str, Page]) -> None:
    """No page or style sheet names a file on another host."""
    for address, page in parsed.items():
        for link in page.loads:
            assert urljoin(address, link).startswith((BASE, "data:")), (
                f"{address}: {link}"
            )
    for sheet in site.rglob("*.css"):
        outside = re.findall(r"url\([\"']?(https?:|//)", sheet.read_text("utf-8"))
        assert not outside, sheet


def test_every_concept_page_has_maths_code_and_figures(parsed: dict[str, Page]) -> None:
    """What the tests in the browser look at is there to be looked at."""
    concepts = [a for a in parsed if "/concepts/" in a and not a.endswith("/concepts/")]
    assert len(concepts) >= 4
    for address in concepts:
        tags = parsed[address].tags
        for tag in ("math", "pre", "svg", "figure", "details"):
            assert tags.count(tag) >= 3, f"{address}: {tag}"


def test_no_markup_is_left_over(site: Path) -> None:
    """Nothing of the page's own notation reaches the reader."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        body = re.sub(r"<(pre|code|annotation|script)\b.*?</\1>", "", text, flags=re.S)
        for rest in ("<!--pytest", "<!-- equation", "<!-- figure", "<!-- source", "$$"):
            assert rest not in body, f"{path.relative_to(site)}: {rest}"

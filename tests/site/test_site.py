"""The built site: its files, and what is one for all pages, in headless Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from browsing import SCHEMES, Parsed

if TYPE_CHECKING:
    from playwright.sync_api import Page

BASE = "http://site/"


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[str, Parsed]:
    """Every page of the site by its address."""
    return {
        urljoin(BASE, path.relative_to(site).as_posix().removesuffix("index.html")): (
            Parsed(path)
        )
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links are absolute paths of the host
    }


def test_every_link_lands(site: Path, parsed: dict[str, Parsed]) -> None:
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


def test_what_is_published_is_for_readers(site: Path) -> None:
    """No settings of tools; and none of the hidden files, which hosts leave out."""
    other = [p for p in site.rglob("*") if p.suffix == ".toml" or p.name[0] == "."]
    assert not other


def test_a_table_of_contents_says_nothing_twice(site: Path) -> None:
    """Methods stand there with their class."""
    entry = re.compile(
        r'href="#(nnref[^"]*)" class="md-nav__link">\s*<span class="md-ellipsis">'
        r"\s*([^<]*?)\s*</span>"
    )
    named = 0
    for path in sorted((site / "reference").glob("*/index.html")):
        found = set(entry.findall(path.read_text(encoding="utf-8")))
        assert len({name for _, name in found}) == len(found), path
        named += sum("." in name for _, name in found)
    assert named > 30


def test_ids_are_unique(parsed: dict[str, Parsed]) -> None:
    """An id that occurs twice on a page makes a link to it ambiguous."""
    for address, page in parsed.items():
        # Material names each of its radio buttons by index itself.
        twice = {i for i in page.ids if page.ids.count(i) > 1}
        assert not twice, f"{address}: {sorted(twice)}"


def test_nothing_is_loaded_from_elsewhere(
    site: Path, parsed: dict[str, Parsed]
) -> None:
    """No page or style sheet names a file on another host."""
    for address, page in parsed.items():
        for link in page.loads:
            assert urljoin(address, link).startswith((BASE, "data:")), (
                f"{address}: {link}"
            )
    for sheet in site.rglob("*.css"):
        outside = re.findall(r"url\([\"']?(https?:|//)", sheet.read_text("utf-8"))
        assert not outside, sheet


def test_every_concept_page_has_maths_code_and_figures(
    parsed: dict[str, Parsed],
) -> None:
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


def test_the_plain_listing_is_in_view_and_the_other_one_key_away(
    tab: Callable[..., Page], address: str
) -> None:
    """Also without JavaScript; on paper the longer one is left out."""
    page = tab(address + "concepts/pooling/", java_script_enabled=False)
    plain, folded = page.locator(".nn-plain").first, page.locator(".nn-package").first
    code = folded.locator("pre")
    assert plain.is_visible()
    assert not code.is_visible()
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.is_visible()
    page.keyboard.press("Enter")
    page.emulate_media(media="print")
    assert plain.is_visible()
    assert not code.is_visible()
    assert page.locator("details.success pre").first.is_visible()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("softmax_cross_entropy", "softmax_cross_entropy"),
        ("cross-entropy", "Cross-entropy"),
        ("交叉熵", "Cross-entropy"),
        ("梯度下降", "Gradient descent"),
        ("激活函数", "Activation function"),
        ("saddle point", "Saddle point"),
        ("Adam", "Adam"),
    ],
)
def test_search_finds(
    tab: Callable[..., Page], address: str, query: str, expected: str
) -> None:
    """Operations, terms and Chinese names of terms are found."""
    page = tab(address)
    page.locator(".md-search__input").first.click()
    page.keyboard.insert_text(query)
    result = page.locator(".md-search-result__item", has_text=expected).first
    result.wait_for(state="attached")


def test_a_copied_formula_is_latex(tab: Callable[..., Page], address: str) -> None:
    """Copying an equation gives its LaTeX."""
    copied, latex = tab(address + "concepts/loss-functions/").evaluate("look.copied()")
    assert copied == f"$$\n{latex}\n$$"


def test_the_theme_can_be_switched(tab: Callable[..., Page], address: str) -> None:
    """The switch changes the scheme, and with it a figure's ink."""
    page = tab(address)
    ink = "getComputedStyle(document.querySelector('.nn-figure svg text')).fill"
    before = page.evaluate(ink)
    page.locator("label[title='Switch to dark mode']").click()
    page.wait_for_function("document.body.dataset.mdColorScheme === 'slate'")
    assert page.evaluate(ink) != before


@pytest.mark.parametrize(
    ("system", "scheme"), [("light", "default"), ("dark", "slate")]
)
def test_the_theme_follows_the_system(
    tab: Callable[..., Page], address: str, system: str, scheme: str
) -> None:
    """A reader who has chosen nothing gets the theme of the system."""
    page = tab(address, color_scheme=system)
    assert page.evaluate("document.body.dataset.mdColorScheme") == SCHEMES[system]

"""What the tests of the pages ask: each fault, put into a copy of a page, is found."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Plain, Visit, unread

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIGURE = """<figure class="nn-figure">
<svg width="{}" height="200" style="min-width: 0" role="img" aria-label="A">{}</svg>
</figure>"""
KEYWORDS = """<style>
[data-md-color-scheme={}] {{ --md-code-hl-keyword-color: {} }}
</style>
<div class="highlight"><pre><code><span class="k">if</span></code></pre></div>"""
MATH = '<math display="block"><mi {}>x</mi><mo>+</mo><mn>1</mn></math>'
LINK = """<p>Much text with a
<a href="#x" style="color: rgb(70,70,70); text-decoration: none">link</a>
that looks nearly the same.</p>"""
PALE = "<pre><code>a <b style='color: rgb(200,200,200)'>b</b></code></pre>"
HIDDEN = "<style>.nn-figure { display: none !important }</style>"
FOLDED = "<details><summary>More</summary>{}</details>"
TEXT = 100 * "<p>text</p>"
ONE_OF_TWO = """<details name="one"><summary>A</summary>a</details>
<details name="one" open><summary>B</summary>b</details>"""
BEHIND = "<i style='background: rgba(255,255,255,0.6)'><b style='color: #fff'>b</b></i>"
REFUSED = "http://127.0.0.1:9/"
LATER = "<script>setTimeout(() => missing.here)</script>"
TRAP = "<button>A</button><p onkeydown='event.preventDefault()'><button>B</button></p>"
STOLEN = "<button onfocus='this.blur()'>D</button>"
UNHEARD = "<p onfocusin='event.stopPropagation()'><button>C</button></p>"


def light(visit: Visit) -> list[str]:
    return visit.unseen("light")


def dark(visit: Visit) -> list[str]:
    return visit.unseen("dark")


def axe(visit: Visit) -> list[str]:
    return visit.unseen_by_axe("light")


def loaded(visit: Visit) -> list[str]:
    return visit.loaded()


def narrow(visit: Visit) -> list[str]:
    return visit.outside(390)


def focus(visit: Visit) -> list[str]:
    return visit.unreached()


def keyboard(visit: Visit) -> list[str]:
    return visit.unreached_by_key()


FAULTS = [
    (light, "<img src='data:,'>", "image-alt"),
    (light, FOLDED.format("<img src='data:,'>"), "image-alt"),
    (light, "<pre tabindex=0><code><a href='#x'></a></code></pre>", "link-name"),
    (light, LINK, "a link like its text"),
    (axe, LINK, "link-in-text-block"),
    (light, "<p style='color: rgb(180,180,180)'>pale</p>", "faint p: rgb(180"),
    (light, "<p style='color: rgba(0,0,0,0.5)'>pale</p>", "faint p: rgb(126"),
    (light, "<p style='opacity: 0.5'>pale</p>", "faint p: rgb("),
    (light, "<p style='font-size: 23px; color: rgb(140,140,140)'>p</p>", "faint p: "),
    (light, f"<p style='background: rgb(0,0,0)'>{BEHIND}</p>", "faint b: "),
    (dark, "<p style='color: rgb(70,70,70)'>pale</p>", "faint p: rgb(70"),
    (axe, "<p style='color: rgb(180,180,180)'>pale</p>", "color-contrast"),
    (light, PALE, "faint pre: rgb(200"),
    (light, KEYWORDS.format("default", "rgb(200, 200, 200)"), "faint pre: rgb(200"),
    (dark, KEYWORDS.format("slate", "rgb(70, 70, 70)"), "faint pre: rgb(70"),
    (light, MATH.format("style='color: rgb(200,200,200)'"), "faint math: rgb(200"),
    (dark, MATH.format("style='color: rgb(70,70,70)'"), "faint math: rgb(70"),
    (light, "<math><mi></mi></math>", "empty: "),
    (light, FIGURE.format(100, ""), "small figure"),
    (light, FIGURE.format(300, "<text y='20' fill='#ccc'>pale</text>"), "faint: pale"),
    (dark, FIGURE.format(300, "<text y='20' fill='#333'>pale</text>"), "faint: pale"),
    (loaded, "<script>console.error('a fault')</script>", "a fault"),
    (loaded, "<script>missing.here</script>", "missing is not defined"),
    (loaded, LATER, "missing is not defined"),
    (loaded, "<img src='missing.png' alt=''>", "404"),
    (loaded, f"<script>fetch('{REFUSED}').catch(() => 0)</script>", REFUSED),
    (loaded, "<script>fetch('/{heavy}')</script>", " bytes, "),
    (narrow, "<div style='width: 500px'>wide</div>", "the page is"),
    (narrow, "<p style='white-space: nowrap'>" + 20 * "long " + "</p>", "the page is"),
    (narrow, FOLDED.format("<hr style='width: 500px'>"), "<hr"),
    (focus, TRAP, "B</button>"),
    (focus, UNHEARD, "C</button>"),
    (focus, STOLEN, "D</button>"),
    (keyboard, TRAP, "md-"),
    (keyboard, UNHEARD, "C</button>"),
]


@pytest.fixture(scope="module")
def opened(browser: Browser, site: Path, address: str) -> Iterator[Visit]:
    """A tab of its own: another test's page stays open."""
    with contextlib.closing(Visit(browser, site, address)) as visit:
        yield visit


# A page like all others, and short.
PAGE = "hosting/"


def put(page: Page, url: str, site: Path, fault: str) -> None:
    """Let that page have this at the beginning of its content."""
    text = (site / PAGE / "index.html").read_text(encoding="utf-8")
    start = re.search("<article[^>]*>", text)
    assert start
    body = text[: start.end()] + fault + text[start.end() :]
    page.route(url, lambda route: route.fulfill(body=body, content_type="text/html"))


@pytest.mark.parametrize(
    ("question", "fault", "said"),
    FAULTS,
    ids=[f"{question.__name__}-{said}" for question, _, said in FAULTS],
)
def test_a_fault_is_found(
    opened: Visit,
    site: Path,
    address: str,
    question: Callable[[Visit], list[str]],
    fault: str,
    said: str,
) -> None:
    """A page with a fault is told from one without (in `test_pages.py`)."""
    heavy = next(p for p in site.glob("search/*.json"))
    fault = fault.replace("{heavy}", heavy.relative_to(site).as_posix())
    opened.page.unroute_all()
    put(opened.page, address + PAGE, site, fault)
    opened.open(address + PAGE)
    found = question(opened)
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("<style>article { display: none }</style>", "hardly any text"),
        ("<style>math { display: none }</style><math><mi>x</mi></math>", "no math"),
        (HIDDEN + FIGURE.format(300, ""), "no .nn-figure svg"),
        (ONE_OF_TWO, "details do not open"),
    ],
)
def test_what_needs_javascript_is_found(
    plain: Plain, site: Path, address: str, fault: str, said: str
) -> None:
    """The same for a reader without JavaScript."""
    put(plain.page, address + PAGE, site, fault)
    try:
        found = plain.unread(address + PAGE)
    finally:
        plain.page.unroute_all()
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("", "hardly any text"),
        (TEXT + "<template><math></math></template>", "no math outside"),
        (TEXT + "<script>'<svg>'</script>", "no svg outside"),
        (TEXT + ONE_OF_TWO, "does not open by itself"),
        (TEXT + "<details><p>a</p></details>", "does not open by itself"),
    ],
)
def test_what_the_html_lacks_is_found(tmp_path: Path, fault: str, said: str) -> None:
    page = tmp_path / "index.html"
    page.write_text(f"<article>{fault}</article>", encoding="utf-8")
    found = unread(page)
    assert len(found) >= 1
    assert all(said in each for each in found), found

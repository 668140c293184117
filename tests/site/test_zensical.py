"""The English site built by Zensical, which follows MkDocs, says the same page by page.

Material for MkDocs is kept up until May 2027. What is ours is compared: ids, formulas,
figures, marks, listings and links; one page is opened in a browser. What Zensical
cannot do yet is named in `MISSING`, and fails here once it can.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from serving import once, served

from doctools import pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = pages.ROOT
BASE = "https://example.org/nn/"
CHINESE = "zh"
BUILDERS = ("mkdocs", "zensical")

if find_spec("zensical") is None:
    if os.environ.get("NNREF_REQUIRE_ZENSICAL"):
        pytest.fail("zensical is not installed, and this run may leave nothing out")
    pytest.skip("zensical is not installed", allow_module_level=True)


# What is taken whole, with its kind; outputs are listings, too.
WHOLE = {"math": "formulas", "figure": "figures", "pre": "listings"}


class Article(HTMLParser):
    """What of ours stands on a page, in order."""

    def __init__(self, path: Path, site: Path) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {
            kind: [] for kind in ("ids", "marks", "links", "runs", *WHOLE.values())
        }
        name = path.relative_to(site).as_posix().removesuffix("index.html")
        self.address = urljoin(BASE, name)
        self._into: list[tuple[str, str]] = []  # tag and kind
        text = with_drawings(path)
        self.feed(text.partition("<article")[2].rpartition("</article>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        classes = given.get("class", "").split()
        if (ident := given.get("id")) and not ident.startswith("__"):
            self.found["ids"].append(ident)
        if tag == "a" and given.get("href") and "md-content__button" not in classes:
            self.found["links"].append(urljoin(self.address, given["href"]))
        if "nn-runs" in classes:
            self.found["runs"].append(given.get("data-seconds", ""))
        if self._into:
            drawn = {k: given[k] for k in given if k in ("d", "x", "y", "transform")}
            self._add(f"<{tag}{drawn or ''}>")
        elif tag in WHOLE or "nn-equation__mark" in classes:
            self._into.append((tag, WHOLE.get(tag, "marks")))
            self.found[self._into[0][1]].append("")

    def handle_endtag(self, tag: str) -> None:
        if self._into and tag == self._into[0][0]:
            self._into.clear()

    def handle_data(self, data: str) -> None:
        if self._into:
            self._add(data)

    def _add(self, text: str) -> None:
        self.found[self._into[0][1]][-1] += text


def with_drawings(path: Path) -> str:
    """A page with the drawings of its sliders, which may lie in a file beside it."""
    text = path.read_text(encoding="utf-8")
    apart = path.with_name("frames.js")
    if not apart.exists():
        return text
    drawings = iter(json.loads(apart.read_text("utf-8")[len("nnFrames(") : -3]))

    def back(figure: re.Match[str]) -> str:
        return f"{figure[1]}<template>{next(drawings)}</template></figure>"

    figures = r'(<figure class="nn-figure nn-explore".*?)</figure>'
    text = re.sub(figures, back, text, flags=re.DOTALL)
    assert next(drawings, None) is None
    return text


def build(
    builder: str, project: Path, settings: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Build a project into its folder `site`."""
    path = [str(ROOT), str(ROOT / "equation-checker")]
    environment = {
        **settings,
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONSAFEPATH": "1",  # the code is this checkout's, not the copy's
    }
    command = [sys.executable, "-m", builder, "build", "--strict", "--clean"]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def zensical(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site from Zensical, after MkDocs has made what pages ask for."""

    def make(project: Path) -> subprocess.CompletedProcess[str]:
        # In a copy: Zensical empties `.cache`.
        for part in ("docs", "nnref", "doctools/theme"):
            shutil.copytree(ROOT / part, project / part)
        for name in ("mkdocs.yml", "pyproject.toml"):
            shutil.copy(ROOT / name, project)
        return build("zensical", project)

    return once("zensical", make, tmp_path_factory) / "site"


def names(site: Path) -> set[Path]:
    """The pages of a site, without its Chinese edition."""
    found = {path.relative_to(site) for path in site.rglob("index.html")}
    return {name for name in found if name.parts[0] != CHINESE}


def test_every_page_says_the_same(site: Path, zensical: Path) -> None:
    assert len(names(site)) >= 36
    assert names(zensical) == names(site)
    compared: dict[str, int] = {}
    for name in sorted(names(site)):
        one = Article(site / name, site).found
        other = Article(zensical / name, zensical).found
        for kind in one:
            assert other[kind] == one[kind], f"{name}: {kind}"
            compared[kind] = compared.get(kind, 0) + len(one[kind])
    assert min(count for kind, count in compared.items() if kind != "runs") > 100
    assert sum(compared.values()) > 5000


# ---------------------------------------------------------------------- what is missing

ADDRESSES = {
    "NNREF_SITE_URL": BASE,
    "NNREF_EDIT_URI": "https://example.org/edit/{path}",
    "NNREF_FEEDBACK_URL": "https://example.org/new?title={title}&body={path}",
}


def small(folder: Path) -> Path:
    """A short page in this site's theme."""
    (folder / "docs" / "concepts").mkdir(parents=True)
    (folder / "docs" / "index.md").write_text("# Home\n\nText.\n", encoding="utf-8")
    (folder / "docs" / "concepts" / "a.md").write_text("# A\n\nText.\n", "utf-8")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for part in ("nav", "plugins", "markdown_extensions", "hooks", "watch"):
        text = re.sub(rf"^{part}:.*\n(?:[ \n].*\n|\n)*", "", text, flags=re.MULTILINE)
    for part in ("extra_css", "extra_javascript"):
        text = re.sub(rf"^{part}:\n(?:  .*\n)*", "", text, flags=re.MULTILINE)
    shutil.copytree(ROOT / "doctools" / "theme", folder / "doctools" / "theme")
    (folder / "mkdocs.yml").write_text(text, encoding="utf-8")
    return folder


def of_settings(builder: str, folder: Path) -> Iterator[str]:
    """Which of the things that addresses decide work with a builder."""
    project = small(folder)
    path = project / "site" / "concepts" / "a" / "index.html"
    none = {name: os.environ[name] for name in os.environ if name not in ADDRESSES}
    done = build(builder, project, none)
    assert not done.returncode, done.stdout + done.stderr
    if 'rel="canonical"' not in path.read_text(encoding="utf-8"):
        yield "no canonical link without an address"
    done = build(builder, project, none | ADDRESSES)
    assert not done.returncode, done.stdout + done.stderr
    page = path.read_text(encoding="utf-8")
    if "https://example.org/edit/concepts/a.md" in page:
        yield "edit link"
    if "https://example.org/new?title=A&body=concepts/a/" in page.replace("%2F", "/"):
        yield "feedback link"
    if f'rel="canonical" href="{BASE}concepts/a/"' in page:
        yield "canonical link"
    missing = (project / "site" / "404.html").read_text(encoding="utf-8")
    if "<title>Page not found" in missing:
        yield "page for errors"


def of_site(site: Path) -> Iterator[str]:
    """Which of the things that hooks and plugins make are in a site."""
    page = (site / "concepts" / "pooling" / "index.html").read_text(encoding="utf-8")
    if (site / "search" / "search_index.json").exists():
        yield "our search worker"  # reads that format
    if (site / CHINESE / "index.html").exists():
        yield "Chinese edition"
    if "nn-language" in page:
        yield "link to the other language"
    if "data-frames" in page:
        yield "drawings of sliders in a file of their own"
    reference = (site / "reference" / "pooling" / "index.html").read_text("utf-8")
    if re.search(r">\s*MaxPool2D\.forward\s*</span>", reference):
        yield "methods with their class in the table of contents"
    if not list(site.rglob("*.toml")):
        yield "no settings of tools"


# Also missing there, and not tested here: `watch:` (a docstring edit is not seen while
# serving).
MISSING = {
    "edit link",
    "our search worker",
    "Chinese edition",
    "link to the other language",
    "drawings of sliders in a file of their own",
}


def test_what_zensical_cannot_do_is_named(
    site: Path, zensical: Path, tmp_path: Path
) -> None:
    everything, there = (
        {*of_site(folder), *of_settings(builder, tmp_path / builder)}
        for builder, folder in zip(BUILDERS, (site, zensical), strict=True)
    )
    assert len(everything) == 11
    assert everything - there == MISSING


# ------------------------------------------------------------------------- in a browser

LOOKS = """() => ["body", "h1", "h2", "article p", "pre > code", ".md-grid",
    ".md-header", ".md-tabs", ".md-sidebar--secondary", ".nn-equation", ".nn-figure"]
  .map((selector) => {
    const style = getComputedStyle(document.querySelector(selector));
    const { fontFamily, fontSize, color, backgroundColor, maxWidth } = style;
    return `${selector}: ${[fontFamily, fontSize, color, backgroundColor, maxWidth]}`;
  })"""


def test_a_page_works_in_a_browser(
    zensical: Path, address: str, tab: Callable[..., Page]
) -> None:
    """It looks the same, sliders move, blocks can be run, the search is found late."""
    with served(zensical) as other:
        page = tab()
        faults: list[str] = []
        asked: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(other + "concepts/pooling/", wait_until="networkidle")
        assert not [url for url in asked if not url.startswith((other, "data:"))]
        assert not [url for url in asked if url.endswith("search.json")]
        assert page.locator(".nn-run").count() == page.locator(".nn-runs").count()

        looks = page.evaluate(LOOKS)
        like = tab()
        like.goto(address + "concepts/pooling/", wait_until="networkidle")
        assert looks == like.evaluate(LOOKS)

        page.goto(other + "concepts/gradient-descent/")
        figure = page.locator(".nn-explore:not([data-explore])").first
        stage = figure.locator(".nn-explore__stage").element_handle()
        before = stage.inner_html()
        slider = figure.locator("input").first
        slider.focus()
        slider.press("ArrowRight" if slider.input_value() == "0" else "ArrowLeft")
        page.wait_for_function(
            "([stage, old]) => stage.innerHTML !== old", arg=[stage, before]
        )
        page.keyboard.press("Control+k")
        page.wait_for_timeout(300)
        assert [url for url in asked if url.endswith("search.json")]
        assert faults == []

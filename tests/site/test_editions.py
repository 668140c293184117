"""The two editions side by side: the same page in two languages, a click apart."""

from __future__ import annotations

import datetime
import functools
import html
import http.server
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urljoin, urlsplit

import pytest
from browsing import ASK, Parsed, addresses, ended, table

from doctools import pages
from doctools.translations import edition

if TYPE_CHECKING:
    from browsing import Visit
    from playwright.sync_api import Browser, Page

CHINESE = "zh/"
ENGLISH_ONLY = {
    name.removesuffix(".md").removesuffix("index") + "/" for name in edition.ENGLISH
}
# Opened in the browser: what is set in its own way, and four others each day.
_DAY = datetime.date.today().toordinal()


def four_of(part: str) -> list[str]:
    """Four pages of a part of the site, others each day."""
    found = [a for a in addresses() if a.startswith(part) and a != part]
    return [found[(4 * _DAY + k) % len(found)] for k in range(4)]


OPENED = ["", "glossary/", "notes-checked/", "reference/pooling/"]
OPENED += four_of("concepts/")
_ALIKE = {a for a in addresses() if a.startswith("reference/")} - {"reference/"}
_ALIKE -= set(four_of("reference/"))
LAID_OUT = [a for a in addresses() if a not in OPENED and a not in _ALIKE]


class Held(HTMLParser):
    """What of a page is held to code: listings, outputs, formulas; and its text."""

    SKIPPED: ClassVar = {"code", "pre", "math", "script", "style", "template"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.code: list[str] = []
        self.latex: list[str] = []
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "")
        skipped = (
            tag in self.SKIPPED
            or given.get("lang") == "en"
            or "nn-latin" in classes
            or "footnote" in classes
            or "doc-heading" in classes
        )
        if tag in ("pre", "annotation"):
            (self.code if tag == "pre" else self.latex).append("")
        for name in ("aria-label", "title", "placeholder", "alt", "aria-valuetext"):
            if name in given and not skipped and not self._is_skipped():
                self.said.append(given[name])
        if tag not in ("br", "hr", "img", "input", "link", "meta", "path", "use"):
            self._open.append((tag, skipped))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self._open]:
            while self._open.pop()[0] != tag:
                pass

    def _is_skipped(self) -> bool:
        return any(skipped for _, skipped in self._open)

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if "pre" in tags:
            self.code[-1] += data
        elif "annotation" in tags:
            self.latex[-1] += data
        elif not self._is_skipped():
            self.said.append(" ".join(data.split()))


@functools.cache
def held(path: Path) -> Held:
    return Held(path.read_text(encoding="utf-8"))


@pytest.fixture(params=addresses(), ids=lambda name: name or "home")
def both(request: pytest.FixtureRequest, site: Path) -> tuple[Path, Path]:
    """A page in English and in Chinese."""
    name = f"{request.param}index.html"
    return site / name, site / CHINESE / name


def test_what_is_held_to_code_is_the_same(both: tuple[Path, Path]) -> None:
    english, chinese = map(held, both)
    assert english.code == chinese.code
    one, other = (
        Counter(" ".join(latex.split()) for latex in page.latex)
        for page in (english, chinese)
    )
    if both[0].parent.name == "notes-checked":  # without what the notes mean in English
        one &= other
    assert one == other


def test_anchors_are_the_same(both: tuple[Path, Path]) -> None:
    english, chinese = (Parsed(path).ids for path in both)
    assert english == chinese


def test_nothing_is_left_in_english(both: tuple[Path, Path], site: Path) -> None:
    """No three English words in a row, but for what is marked as English."""
    address = both[0].parent.relative_to(site).as_posix() + "/"
    if address in ENGLISH_ONLY:
        return
    left = [
        text
        # Quotations are in their own words, authors have their own names.
        for said in held(both[1]).said
        for text in [re.sub("“[^”]*”|The nnref authors", "", said)]
        if re.search(r"(?:\b[A-Za-z][a-z]+\b[ ,]+){2,}[a-z]{2,}\b", text)
        and not re.search(r"[\u3400-\u9fff]", text)
    ]
    assert not left


def test_frames_of_sliders_speak_chinese(site: Path) -> None:
    found = sorted((site / CHINESE).rglob("frames.js"))
    assert len(found) == len(sorted(site.rglob("frames.js"))) / 2 > 8
    assert sum("data-en=" in path.read_text("utf-8") for path in found) > 5


def test_what_both_need_is_there_once(site: Path) -> None:
    """Fonts, scripts, Python: the Chinese pages load those of the English ones."""
    there = {path.name for path in (site / CHINESE).iterdir()}
    assert not there & {"assets", "_py", "404.html", "sitemap.xml"}
    for name in ("index.html", "concepts/pooling/index.html"):
        for load in Parsed(site / CHINESE / name).loads:
            target = urlsplit(urljoin(f"http://site/{CHINESE}{name}", load)).path
            assert "assets/" not in load or target.startswith("/assets/"), load


# --------------------------------------------------------------------------- the switch


@pytest.fixture(scope="module")
def below(site: Path) -> Iterator[str]:
    """The site below a path of its host, as on many hosts of project pages."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{site.name}/"
        server.shutdown()


@pytest.mark.parametrize("place", ["address", "below"])
def test_the_switch_keeps_page_and_section(
    tab: Callable[..., Page], request: pytest.FixtureRequest, place: str
) -> None:
    start = request.getfixturevalue(place)
    page = tab()
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)

    def at() -> str:
        return page.url.removeprefix(start)

    def switch(name: str) -> None:
        link = page.locator(".nn-language")
        assert link.inner_text() == name
        with page.expect_navigation():
            link.click()

    page.goto(f"{start}concepts/pooling/#ties")
    switch("中文")
    assert at() == "zh/concepts/pooling/#ties"
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert page.locator("#ties").inner_text().startswith("并列")
    switch("English")
    assert at() == "concepts/pooling/#ties"
    # One who has read on is taken to where he reads, not to where he came in.
    section = "document.querySelector('#shift')"
    page.evaluate(f"scrollTo(0, {section}.getBoundingClientRect().top + scrollY - 60)")
    page.wait_for_function(f"{section}.getBoundingClientRect().top < 200")
    switch("中文")
    assert at() == "zh/concepts/pooling/#shift"
    page.goto(f"{start}zh/")
    switch("English")
    assert at().rstrip("#") == ""
    page.goto(f"{start}reference/pooling/#nnref.pooling.max_pool2d")
    switch("中文")
    assert at() == "zh/reference/pooling/#nnref.pooling.max_pool2d"
    assert faults == []


def test_each_page_leads_to_itself(site: Path) -> None:
    for name in addresses():
        for folder, other in (("", CHINESE), (CHINESE, "")):
            text = (site / folder / name / "index.html").read_text(encoding="utf-8")
            link = re.search(r'nn-language" href="([^"]*)"', text)
            assert link is not None, name
            assert urljoin(f"/{folder}{name}", link[1]) == f"/{other}{name}"


# --------------------------------------------------------------------------- the search

QUERIES = """
最大池化 -> concepts/pooling/#definition
学习率 -> concepts/gradient-descent/#learning-rate
过拟合 -> concepts/overfitting-and-underfitting/
正则化 -> concepts/regularization/
梯度消失 -> concepts/vanishing-and-exploding-gradients/
步幅 -> concepts/convolution/#stride
交叉熵 -> concepts/loss-functions/#information
激活函数 -> concepts/activation-functions/
感受野 -> concepts/convolution/#receptive-field
批量归一化 -> concepts/vanishing-and-exploding-gradients/#normalization
pooling -> concepts/pooling/
dropout -> concepts/regularization/#dropout
softmax -> concepts/loss-functions/#softmax
learning rate -> concepts/gradient-descent/#learning-rate
weight decay -> concepts/regularization/#l2-and-weight-decay
early stopping -> concepts/regularization/#early-stopping
backpropagation -> concepts/forward-and-backward/
convolution -> concepts/convolution/
max_pool2d -> reference/pooling/#nnref.pooling.max_pool2d
saddle point -> concepts/gradient-descent/#saddle
"""


def test_both_languages_find_the_right_page(browser: Browser, address: str) -> None:
    """In the Chinese edition; `test_search.py` asks the English one in both."""
    page = browser.new_page()
    page.goto(address + CHINESE)
    wanted = table(QUERIES)
    answers = page.evaluate(ASK, [*wanted])
    page.close()
    first = {q: answers[q][0][0]["location"] if answers[q] else "" for q in wanted}
    wrong = [
        f"{q}: {first[q]}"
        for q in wanted
        if first[q].split("#")[0] != wanted[q].split("#")[0]
    ]
    assert not wrong, "\n".join(wrong)
    parts = [part for groups in answers.values() for group in groups for part in group]
    tags = {tag for part in parts for tag in part.get("tags", [])}
    assert tags == {"概念", "参考", "术语表", "记号", "核对笔记", "关于"}


def test_the_search_speaks_chinese(tab: Callable[..., Page], address: str) -> None:
    page = tab(address + CHINESE)
    page.locator(".md-search__input").first.click()
    page.keyboard.insert_text("最大池化")
    link = page.locator(".md-search-result__link").first
    link.wait_for(state="attached")
    assert "/zh/concepts/pooling/" in str(link.get_attribute("href"))
    assert link.locator(".md-tag").inner_text() == "概念"


# -------------------------------------------------------------------------- the browser


@pytest.fixture(scope="module", params=OPENED, ids=lambda name: name or "home")
def opened(request: pytest.FixtureRequest, visitor: Visit, address: str) -> Visit:
    visitor.open(address + CHINESE + request.param)
    return visitor


def test_everyone_can_see_it(opened: Visit) -> None:
    assert opened.unseen("light") == []


def test_loads_clean_and_light(opened: Visit) -> None:
    assert opened.loaded() == []


def test_everyone_can_see_it_in_the_dark(opened: Visit) -> None:
    assert opened.unseen("dark") == []


@pytest.mark.parametrize("width", [1280, 390])
def test_never_scrolls_sideways(opened: Visit, width: int) -> None:
    assert opened.outside(width) == []


@pytest.mark.parametrize("page", LAID_OUT)
def test_no_other_page_scrolls_sideways_on_a_phone(
    visitor: Visit, address: str, page: str
) -> None:
    """Chinese marks are wider than English ones, so each page has lines of its own.

    Pages of the reference hardly do, whose docstrings are in English.
    """
    visitor.open(address + CHINESE + page, width=390)
    assert visitor.outside(390) == []


def test_a_block_runs_and_is_compared_in_chinese(
    tab: Callable[..., Page], site: Path, address: str
) -> None:
    """A figure, whose words on the page are not those of the run."""
    if not (site / "_py").is_dir():
        pytest.skip("the site is built without Run buttons")
    page = tab(f"{address}{CHINESE}concepts/pooling/")
    folded = page.locator("figure:has([data-en]) + .nn-code:has(.nn-block)").first
    block = folded.locator(".nn-block")
    assert block.locator(".nn-run").inner_text().startswith("运行")
    block.locator(".nn-run").click()
    ended(page, block)
    assert block.get_attribute("data-same") == "true"
    assert "与页面上的相同" in block.locator("[role=status]").inner_text()


def test_what_can_be_explored_speaks_chinese(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab(f"{address}{CHINESE}concepts/convolution/")
    figure = page.locator("[data-explore]")
    figure.scroll_into_view_if_needed()
    said = figure.locator("select option")
    said.first.wait_for(state="attached")
    text = html.unescape(figure.inner_text())
    assert not re.search(r"[a-z]{3,} [a-z]{3,}", text), text


def test_names_of_the_english_pages_are_those_of_pages() -> None:
    assert all((pages.DOCS / name).is_file() for name in edition.ENGLISH)

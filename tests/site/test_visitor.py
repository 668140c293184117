"""What a visitor takes along: copies, prints, an archive; what helps the lost."""

from __future__ import annotations

import ast
import functools
import http.server
import re
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doctools import offline

if TYPE_CHECKING:
    from playwright.sync_api import Page

# What the clipboard gets when this selection is copied.
COPY = """([first, last]) => {
  const range = document.createRange();
  range.setStartBefore(document.querySelector(first));
  range.setEndAfter(document.querySelector(last));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  const clipboardData = new DataTransfer();
  const init = { clipboardData, cancelable: true };
  document.dispatchEvent(new ClipboardEvent("copy", init));
  return ["text/plain", "text/html"].map((kind) => clipboardData.getData(kind));
}"""


def test_prose_copies_with_its_formulas_as_rich_text(
    tab: Callable[..., Page], address: str
) -> None:
    """Bold, links and LaTeX; lines break where a reader sees them break."""
    page = tab(address + "concepts/loss-functions/")
    short = ".md-content p:has(strong:text-is('Short answer.'))"
    page.locator(short).evaluate("p => p.id = 'short'")
    plain, rich = page.evaluate(COPY, ["#short", "#short"])
    assert r"$-\ln p$" in plain
    assert "\n" not in plain.strip()
    assert "<strong>Short answer.</strong>" in rich
    assert r"$-\ln p$" in rich
    assert "<math" not in rich
    page = tab(address + "concepts/pooling/")
    page.locator(short).evaluate("p => p.id = 'short'")
    plain, rich = page.evaluate(COPY, ["#short", ".nn-equation"])
    assert re.search(r"\$\$\n.+\n\$\$", plain, re.DOTALL)
    assert "✓" not in plain
    links = re.findall(r'<a [^>]*href="([^"]*)"', rich)
    assert links
    assert all(link.startswith(address) for link in links)  # they hold from anywhere


def test_an_example_copies_what_one_would_type(
    tab: Callable[..., Page], address: str
) -> None:
    """No prompts and no results; the signature has no button."""
    page = tab()
    # What the theme has selected when it tells the browser to copy.
    page.add_init_script("""{
      const command = Document.prototype.execCommand;
      Document.prototype.execCommand = function (name, ...rest) {
        if (name === "copy") self.copied = this.activeElement.value;
        return command.call(this, name, ...rest);
      };
    }""")
    page.goto(address + "reference/pooling/", wait_until="networkidle")
    examples = page.locator(".language-pycon")
    assert examples.count() >= 3
    for example in examples.all():
        example.locator(".md-code__button[data-md-type=copy]").click()
        page.wait_for_function("() => self.copied")
        copied = page.evaluate("self.copied")
        page.evaluate("self.copied = ''")
        lines = example.locator("code").inner_text().splitlines()
        typed = [line[4:] for line in lines if line.startswith((">>>", "..."))]
        assert copied.splitlines() == typed
        assert ast.parse(copied).body
    shown = page.locator(".doc-signature .md-code__nav:visible")
    assert shown.count() == 0


def test_code_fits_beside_the_sidebars(tab: Callable[..., Page], address: str) -> None:
    """At 1280 pixels no line of 88 characters is cut."""
    for name in ("concepts/convolution/", "concepts/pooling/", "reference/pooling/"):
        page = tab(address + name)
        cut = page.evaluate("""() =>
          [...document.querySelectorAll(".md-content pre > code")]
            .map((code) => [code, code.textContent.split("\\n").map((l) => l.length)])
            .filter(([code, lengths]) => Math.max(...lengths) <= 88)
            .filter(([code]) => code.scrollWidth > code.clientWidth + 1)
            .map(([code]) => code.textContent.slice(0, 200))""")
        assert cut == []
        page.close()


def test_a_mark_does_not_break_on_the_home_page(
    tab: Callable[..., Page], address: str
) -> None:
    """✓ and the name that it is about stand on one line."""
    page = tab(address)
    mark = page.locator(".nn-triptych .nn-equation__mark > span")
    tall, line = mark.evaluate(
        "e => [e.offsetHeight || e.getBoundingClientRect().height,"
        " parseFloat(getComputedStyle(e).lineHeight)]"
    )
    assert tall < 1.5 * line


def pdf_pages(page: Page) -> int:
    """How many A4 pages the page prints on."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_print_is_short(tab: Callable[..., Page], address: str) -> None:
    """Solutions are printed, what repeats the reference is not."""
    page = tab()
    page.goto(address + "concepts/pooling/")
    assert pdf_pages(page) <= 26
    page.emulate_media(media="print")
    assert page.locator("details.success p:visible").count() >= 6
    assert page.locator("details.quote:visible").count() == 0
    assert page.locator(".md-code__nav:visible").count() == 0


def test_print_is_readable_from_dark_mode(
    tab: Callable[..., Page], address: str
) -> None:
    """Paper is white: dark ink on it, whatever the screen shows."""
    page = tab()
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(address + "concepts/pooling/", wait_until="networkidle")
    assert page.evaluate("document.body.dataset.mdColorScheme") == "slate"
    faint = page.evaluate("""() => {
      const texts = "p, h1, h2, li, td, figcaption, pre code, pre code span, math";
      return [...document.querySelectorAll(texts)]
        .filter((e) => e.closest(".md-content") && e.checkVisibility())
        .map((e) => getComputedStyle(e).color)
        .filter((colour) => look.contrast(colour, "rgb(255, 255, 255)") < 4.5);
    }""")
    assert set(faint) == set()
    back = page.locator("pre > code").first.evaluate("e => look.behind(e)")
    assert page.evaluate("c => look.contrast(c, 'rgb(0, 0, 0)')", back) > 15


def test_the_archive_can_be_read_from_a_folder(
    tab: Callable[..., Page], site: Path, tmp_path: Path
) -> None:
    """Without a server: pages, links and formulas, and no search that fails."""
    with zipfile.ZipFile(site / offline.NAME) as archive:
        archive.extractall(tmp_path)
    faults: list[str] = []
    page = tab()
    page.on("console", lambda m: m.type == "error" and faults.append(m.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((tmp_path / "nnref-site" / "index.html").as_uri())
    page.get_by_role("link", name="Start here").click()
    page.wait_for_url("**/concepts/loss-functions/index.html")
    assert page.locator("math").first.is_visible()
    assert page.locator(".md-search").is_hidden()
    page.locator(".md-content a[href*='glossary']").first.click()
    page.wait_for_url("**/glossary/index.html*")
    assert page.locator("h1").inner_text().startswith("Glossary")
    page.locator(".nn-language").click()
    page.wait_for_url("**/zh/glossary/index.html*")
    assert page.locator("h1").inner_text().startswith("术语表")
    assert not faults
    # Python is not in it: no button promises to run anything.
    for path in (tmp_path / "nnref-site").rglob("*.html"):
        assert "nn-runs" not in path.read_text(encoding="utf-8"), path


def test_every_page_says_what_it_is_about(site: Path) -> None:
    """In its own words, and with the site's own sign."""
    about = {}
    for path in site.rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        about[path] = re.findall(r'<meta name="description" content="(.+?)">', text)
        for tag in ("og:title", "og:description", "og:type", "og:site_name"):
            assert f'property="{tag}"' in text, path
        assert 'assets/images/favicon.svg">' in text, path
    # Docstrings, and some pages, are in English in both editions.
    for is_chinese in (False, True):
        of_one = [about[p] for p in about if (site / "zh" in p.parents) == is_chinese]
        single = [said[0] for said in of_one if len(said) == 1]
        assert len(set(single)) == len(of_one) >= 38


def test_the_lost_find_a_way(
    tab: Callable[..., Page], site: Path, address: str
) -> None:
    """A missing page names the search and the main pages, and takes the words along."""
    text = (site / "404.html").read_text(encoding="utf-8")
    found = re.search(r'<link rel="icon" href="([^"]*)assets/', text)
    assert found
    prefix = found[1]  # the site may be built for a place below a domain
    page = tab()

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(address)
        path = path.removeprefix(prefix.lstrip("/")).partition("?")[0]
        file = site / path
        file = file / "index.html" if file.is_dir() else file
        missing = not file.is_file()
        file = site / "404.html" if missing else file
        route.fulfill(status=404 if missing else 200, path=file)

    page.route("**/*", answer)
    page.goto(address + prefix.lstrip("/") + "concepts/max-poolin/")
    content = page.locator(".md-content")
    assert content.locator("h1").inner_text() == "Page not found"
    content.get_by_role("link", name="Search for").click()
    page.locator(".md-search-result__link").first.wait_for(state="attached")
    first = page.locator(".md-search-result__link").first.get_attribute("href")
    assert "concepts/pooling/" in (first or "")


@pytest.mark.parametrize(
    ("page", "parts"),
    [
        ("changelog", ["<h1", "0.1.0", "eqcheck"]),
        ("getting-started", ["@software{nnref", "pip install .", offline.NAME]),
        ("hosting", ["NNREF_SITE_URL"]),
    ],
)
def test_a_visitor_is_told(site: Path, page: str, parts: list[str]) -> None:
    """What changed, how to install and to cite, how to host."""
    text = (site / page / "index.html").read_text(encoding="utf-8")
    article = text.partition("<article")[2]
    for part in parts:
        assert part in article


# Follow every link from the first page on; return how many pages there are, and faults.
CRAWL = """async (start) => {
  const known = new Map([[start, null]]);  // address: the ids of the page there
  const faults = [];
  const links = [];
  for (const address of known.keys()) {
    const answer = await fetch(address);
    if (!answer.ok) faults.push(`${address}: ${answer.status}`);
    if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) continue;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    known.set(address, new Set([...page.querySelectorAll("[id]")].map((e) => e.id)));
    for (const link of page.querySelectorAll("a[href]")) {
      const url = new URL(link.getAttribute("href"), address);
      if (url.origin !== location.origin) continue;
      const target = url.href.split(/[?#]/)[0];
      if (!target.startsWith(start)) faults.push(`${address} leads out: ${target}`);
      else if (!known.has(target)) known.set(target, null);
      links.push([address, target, decodeURIComponent(url.hash.slice(1))]);
    }
  }
  for (const [address, target, id] of links) {
    const ids = known.get(target);
    if (id && ids && !ids.has(id)) faults.push(`${address}: no #${id} in ${target}`);
  }
  return [known.size, faults];
}"""


@pytest.mark.parametrize("place", ["", "deep/repo/"], ids=["domain", "path"])
def test_every_link_leads_somewhere_below(
    tab: Callable[..., Page], site: Path, tmp_path: Path, place: str
) -> None:
    """At the root of a domain and below a path; the browser follows them all."""
    root = site
    if place:
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "repo").symlink_to(site, target_is_directory=True)
        root = tmp_path
    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        start = f"http://127.0.0.1:{server.server_address[1]}/{place}"
        number, faults = tab(start).evaluate(CRAWL, start)
        server.shutdown()
    assert faults == []
    assert number >= 39


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Does not tell the console what it serves."""

    def log_message(self, *_: object) -> None:
        pass


def test_the_link_that_has_the_focus_is_not_faded(
    tab: Callable[..., Page], address: str
) -> None:
    """At the end of a page, where the theme makes it fainter."""
    page = tab(address + "concepts/pooling/")
    link = page.locator(".md-footer__link").first
    link.focus()
    page.wait_for_timeout(400)  # the theme changes it gradually
    assert link.evaluate("e => getComputedStyle(e).opacity") == "1"


def test_on_a_phone_the_bar_of_a_block_covers_no_code(
    tab: Callable[..., Page], address: str
) -> None:
    """Its first line may be as long as the screen is wide."""
    page = tab(address + "concepts/pooling/", width=390)
    block = page.locator(".nn-block").first
    bar = block.locator(".nn-bar").bounding_box()
    assert bar
    code = block.locator("code").first
    padding = code.evaluate("e => parseFloat(getComputedStyle(e).paddingTop)")
    box = code.bounding_box()
    assert box
    assert box["y"] + padding >= bar["y"] + bar["height"]


def test_the_claims_of_one_verdict_are_shown_alone(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab(f"{address}notes-checked/")
    seen = (
        "[...document.querySelectorAll('dt')].filter(e => e.checkVisibility()).length"
    )
    everything = page.evaluate(seen)
    buttons = page.locator(".nn-verdicts button")
    counts = []
    for k in range(buttons.count()):
        buttons.nth(k).click()
        counts.append(page.evaluate(seen))
    assert sum(counts) == everything
    assert f"({counts[2]})" in page.locator(".nn-verdicts li").nth(2).inner_text()
    buttons.last.click()  # again: all of them
    assert page.evaluate(seen) == everything

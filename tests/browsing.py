"""What is asked of a page that is open in a browser; the answers are its faults."""

from __future__ import annotations

import functools
import gzip
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import pytest

from doctools import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

LOOK = Path(__file__).with_name("site") / "look.js"
WIDE = 1280
HEIGHT = 900
# A key that is held down: half the messages of one that is let go each time.
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}

# What axe asks about colours takes it seconds a page and theme; `look.faint` asks the
# same in a moment, of code and formulas too, and some pages are held to both.
BY_COLOUR = ["color-contrast", "link-in-text-block"]
COLOUR = {"runOnly": {"type": "rule", "values": BY_COLOUR}}
REST = {"rules": {name: {"enabled": False} for name in BY_COLOUR}}
PROSE = {"exclude": [["pre"], ["math"]]}

SCHEMES = {"light": "default", "dark": "slate"}
BUDGET = 300_000  # everything that a page loads, gzipped
EMPTY = {"config": {"lang": ["en"], "separator": " ", "pipeline": []}, "docs": []}
STEP = 25  # Tabs between two looks at what is left


LONG = 180_000  # milliseconds; four seconds on a machine that does nothing else

# Ask the worker named on the page, as the theme does; return what it was told.
ASK = """async (queries) => {
  const { base, search } = JSON.parse(document.getElementById("__config").textContent);
  const worker = new Worker(search);
  const ask = (message) => new Promise((answer, fail) => {
    worker.onmessage = (event) => answer(event.data);
    worker.onerror = (event) => fail(new Error(event.message));
    worker.postMessage(message);
  });
  const index = await (await fetch(base + "/search/search_index.json")).json();
  await ask({ type: 0, data: { ...index, options: { suggest: true } } });
  const found = {};
  for (const query of queries) {
    found[query] = (await ask({ type: 2, data: query })).data.items;
  }
  return found;
}"""


class Visit:
    """One page after the other, in a tab that stays open.

    A new tab costs as much as all that is asked of most pages. Every question puts
    width, theme and details as it needs them.
    """

    def __init__(self, browser: Browser, site: Path, address: str) -> None:
        size = {"width": WIDE, "height": HEIGHT}
        self._context = browser.new_context(viewport=size)  # type: ignore[arg-type]
        self.page = self._context.new_page()
        self.page.set_default_timeout(15_000)
        # As for a first visit: nothing remembered, nothing in the cache.
        self.page.add_init_script("localStorage.clear(); sessionStorage.clear();")
        self.page.add_init_script(path=LOOK)
        self._keys = self._context.new_cdp_session(self.page)
        self._keys.send("Network.enable")
        self._keys.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self._site, self._address = site, address
        self.faults: list[str] = []
        self.sizes: dict[str, int] = {}
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        """Note a request: outside, or how much it adds."""
        if request.url.startswith(self._address):
            path = unquote(urlsplit(request.url).path).lstrip("/")
            self.sizes[path] = gzipped(self._site / path)
        elif not request.url.startswith(("data:", "blob:")):
            self.faults.append(f"outside request: {request.url}")

    def open(self, url: str, width: int = WIDE) -> None:
        """Go to a page."""
        self.page.goto("about:blank")
        self.faults.clear()
        self.sizes.clear()
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.goto(url)
        self.page.evaluate("document.fonts.ready")

    def close(self) -> None:
        """Close the tab."""
        self._context.close()

    def show(
        self,
        *,
        width: int = WIDE,
        scheme: Literal["light", "dark"] | None = None,
        unfolded: bool = True,
    ) -> None:
        """Show the page as a reader would see it, and wait until nothing moves.

        In the theme that it has, where none is asked for: another sets all anew.
        """
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        if scheme:
            self.page.evaluate("scheme => look.turn(scheme)", SCHEMES[scheme])
        self.page.evaluate("unfolded => look.unfold(unfolded)", unfolded)
        self.page.evaluate("look.still()")

    def loaded(self) -> list[str]:
        """What went wrong so far; all that the page loads by itself is there."""
        self.page.wait_for_load_state("networkidle")
        total = sum(self.sizes.values())
        if total > BUDGET:
            largest = sorted(self.sizes.items(), key=lambda s: -s[1])[:5]
            return [*self.faults, f"{total} bytes, the largest: {largest}"]
        return self.faults

    def unseen(self, scheme: Literal["light", "dark"]) -> list[str]:
        """What cannot be seen, or heard, by everyone."""
        self.show(scheme=scheme)
        found: list[str] = self.page.evaluate("look.faint()")
        # The themes differ in colour alone.
        return found + (self._axe(None, REST) if scheme == "light" else [])

    def unseen_by_axe(self, scheme: Literal["light", "dark"]) -> list[str]:
        """The colours of prose that axe finds too faint."""
        self.show(scheme=scheme)
        return self._axe(PROSE, COLOUR)

    def _axe(self, part: Any, rules: Any) -> list[str]:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(axe_script())
        found: list[str] = self.page.evaluate(
            "([part, rules]) => look.axe(part, rules)", [part, rules]
        )
        return found

    def outside(self, width: int) -> list[str]:
        """What sticks out to the right, details open."""
        self.show(width=width)
        found: list[str] = self.page.evaluate("width => look.outside(width)", width)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        return found + [f"the page is {wide} wide"] * (wide > width)

    def unreached(self) -> list[str]:
        """What takes no focus, of all that should, details open."""
        self.show()
        total = self.page.evaluate("look.watch()")
        self.page.evaluate("look.focus()")
        left: list[str] = self.page.evaluate("look.unvisited()")
        return left + ["a page with nothing to reach"] * (total <= 10)

    def unreached_by_key(self) -> list[str]:
        """What Tab does not visit, details as they are: twenty times as slow."""
        # Tab comes by the search, whose index costs more than most pages: an empty one.
        index = "**/*search*.json"
        self.page.route(index, lambda route: route.fulfill(json=EMPTY))
        self.show(unfolded=False)
        total = self.page.evaluate("look.watch()")
        left: list[str] = []
        for _ in range(0, 4 * total, STEP):  # Tab stops at listings that scroll, too
            for _ in range(STEP):
                self._keys.send("Input.dispatchKeyEvent", TAB)
            if not (left := self.page.evaluate("look.unvisited()")):
                break
        self.page.unroute(index)
        return left


class Plain:
    """The same without JavaScript."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(java_script_enabled=False)
        self.page = self._context.new_page()
        self.page.set_default_timeout(15_000)

    def close(self) -> None:
        """Close the tab."""
        self._context.close()

    def unread(self, url: str) -> list[str]:
        """What cannot be read: text, maths and figures, and what is folded away."""
        self.page.goto(url)
        content = self.page.locator(".md-content")
        found = []
        if len(content.inner_text()) <= 200:
            found.append("hardly any text")
        for kind in ("math", ".nn-figure svg"):
            if content.locator(kind).count():
                shown = content.locator(f"{kind}:visible")
                if not shown.count() or not shown.first.bounding_box():
                    found.append(f"no {kind} is shown")
        folded = content.locator("details:not([open])")
        if number := folded.count():
            folded.first.locator("summary").first.click()
            if folded.count() >= number:
                found.append("details do not open")
        return found


def unread(path: Path) -> list[str]:
    """What the HTML itself lacks, or keeps from who has no JavaScript."""
    text = path.read_text(encoding="utf-8")
    article = text.partition("<article")[2].partition("</article>")[0]
    bare = re.sub(r"<(script|template|style)\b.*?</\1>", "", article, flags=re.DOTALL)
    found = []
    if len(re.sub(r"<[^>]+>|\s+", " ", bare)) <= 200:
        found.append("hardly any text")
    found += [
        f"no {kind} outside of scripts"
        for kind in ("math", "svg")
        if f"<{kind}" in article and f"<{kind}" not in bare
    ]
    # One of several with a name closes the others; without a summary nothing opens.
    closed = re.findall(r"<details[^>]*>(?!\s*<summary)|<details[^>]* name=", bare)
    found += [f"does not open by itself: {details}" for details in closed]
    return found


@functools.cache
def gzipped(path: Path) -> int:
    """Size on the wire; what is compressed already stays as it is."""
    path = path / "index.html" if path.is_dir() else path
    body = path.read_bytes() if path.is_file() else b""
    return min(len(body), len(gzip.compress(body, 9)))


def axe_script() -> str:
    """The script of axe, the library that knows the rules of accessibility."""
    axe = pytest.importorskip("axe_playwright_python.base")
    return str(axe.AXE_SCRIPT)


def addresses() -> list[str]:
    """The address of every page below the site's root."""
    found = []
    for path in pages.markdown_pages():
        name = path.relative_to(pages.DOCS).with_suffix("").as_posix()
        name = name.removesuffix("index")
        found.append(name if not name or name.endswith("/") else name + "/")
    return found


def table(text: str) -> dict[str, str]:
    return dict(line.split(" -> ") for line in text.strip().splitlines())


def ended(page: Page, block: Locator, state: str = "done") -> None:
    """Wait for the end of a run."""
    handle = block.element_handle()
    over = "block => !['loading', 'running'].includes(block.dataset.state)"
    page.wait_for_function(over, arg=handle, timeout=LONG)
    assert block.get_attribute("data-state") == state, block.inner_text()


class Parsed(HTMLParser):
    """What a page names: its ids, links, and files that it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.frames = 0  # templates around what is read
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.frames += tag == "template"
        # A slider's frames are documents of their own, of which one is shown.
        if "id" in found and not self.frames:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])
        elif tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(found.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        self.frames -= tag == "template"

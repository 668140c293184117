"""The site, built once, served on this machine, opened in headless Chromium."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import HEIGHT, LOOK, WIDE, Plain, Visit, addresses

from doctools import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Chromium phones home unless told not to; none of it concerns the page.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly and once for all workers; return its folder.

    Or take the one that NNREF_SITE names: what is published is what was tested.
    """
    if given := os.environ.get("NNREF_SITE"):
        return pages.ROOT / given
    together = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        together = together.parent
    target, log = together / "built-site", together / "built-site.log"
    try:
        (together / "site-is-built-by").mkdir()
    except FileExistsError:  # by another worker
        while not log.exists():
            time.sleep(0.2)
        assert not log.read_text(encoding="utf-8")
        return target
    command = [sys.executable, "-m", "doctools.build", "build", "--site-dir", target]
    done = subprocess.run(command, cwd=pages.ROOT, capture_output=True, text=True)
    said = done.stdout[-4000:] + done.stderr[-4000:] if done.returncode else ""
    part = log.with_suffix(".part")
    part.write_text(said, encoding="utf-8")
    part.replace(log)
    assert not said, said
    return target


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Serve the built site from a free port of this machine."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, where the machine has one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = "no Chromium on this machine"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found, missing = None, "playwright is not installed"
    if found is None:
        if os.environ.get("NNREF_REQUIRE_BROWSER"):
            pytest.fail(f"{missing}, and this run may leave nothing out")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def visitor(browser: Browser, site: Path, address: str) -> Iterator[Visit]:
    """The tab in which one page after the other is opened."""
    with contextlib.closing(Visit(browser, site, address)) as visit:
        yield visit


@pytest.fixture(scope="session")
def plain(browser: Browser) -> Iterator[Plain]:
    """A tab without JavaScript."""
    with contextlib.closing(Plain(browser)) as found:
        yield found


# Of the module, so that pytest puts together the tests of each page.
@pytest.fixture(scope="module", params=addresses(), ids=lambda name: name or "home")
def url(request: pytest.FixtureRequest, address: str) -> str:
    """One page after the other."""
    return address + str(request.param)


@pytest.fixture(scope="module")
def visit(visitor: Visit, url: str) -> Visit:
    """Each page, opened once for all that is asked of it."""
    visitor.open(url)
    return visitor


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open tabs of their own, details open; close them afterwards."""
    contexts = []

    def opened(url: str | None = None, **options: Any) -> Page:
        size = {"width": options.pop("width", WIDE), "height": HEIGHT}
        scripts = options.get("java_script_enabled", True)
        context = browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if scripts:
            page.add_init_script(path=LOOK)
        if url is not None:
            page.goto(url)
            if scripts:
                page.evaluate("look.unfold(true)")
                page.evaluate("document.fonts.ready")
        return page

    yield opened
    for context in contexts:
        context.close()

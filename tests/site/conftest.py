"""The site, built once, served on this machine, opened in headless Chromium."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import HEIGHT, LOOK, WIDE, Plain, Visit, addresses
from serving import once, served

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
    return once("built-site", _by_mkdocs, tmp_path_factory)


def _by_mkdocs(target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "doctools.build", "build", "--site-dir", target]
    return subprocess.run(command, cwd=pages.ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The address of the built site."""
    with served(site) as found:
        yield found


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

"""Running and editing blocks, with clicks, in headless Chromium."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import LONG, axe_script, ended

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PAGE = "concepts/pooling/"


@pytest.fixture(autouse=True)
def assets(site: Path) -> None:
    """Skip where the site was built without Run buttons, which CI refuses."""
    if not (site / "_py").is_dir():
        assert not os.environ.get("NNREF_REQUIRE_BROWSER")
        pytest.skip("the site is built without Run buttons")


def rewrite(page: Page, block: Locator, code: str) -> None:
    """Edit a block as one does: all of it away, and type."""
    block.locator(".nn-edit").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type(code)


def test_blocks_run_stop_and_can_be_edited(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address + PAGE)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/_py/" in url or "/workers/run" in url]
    everything = page.locator(".nn-block")
    # Every Python block and no listing: those are folded or below a title.
    assert everything.count() > 15
    assert not page.locator(".nn-plain .nn-run, .nn-package .nn-run").count()

    plain = everything.filter(has=page.locator(".nn-output")).first
    assert plain.locator(".nn-run").is_visible()
    plain.locator("button.nn-run").click()
    assert plain.get_attribute("data-state") in ("loading", "running")
    ended(page, plain)
    assert plain.get_attribute("data-same") == "true"
    shown = plain.locator(".nn-output code").text_content()
    assert plain.locator(".nn-live").text_content() == shown
    assert "Same as on the page" in plain.locator("[role=status]").inner_text()

    folded = page.locator("figure + .nn-code:has(.nn-block)").first
    folded.locator("summary").click()
    drawn = folded.locator(".nn-block")
    drawn.locator(".nn-run").click()
    ended(page, drawn)
    assert drawn.get_attribute("data-same") == "true"
    assert drawn.locator(".nn-result svg text").count()

    # What is loaded stays: the next one needs no connection.
    page.context.set_offline(True)
    plain.locator(".nn-run").click()
    ended(page, plain)
    assert plain.get_attribute("data-same") == "true"
    page.context.set_offline(False)

    # By keyboard: indentation goes on, Tab indents, a new namespace each time.
    rewrite(page, plain, "for i in range(2):\nprint(i)\nx = i")
    page.keyboard.press("Control+Enter")
    ended(page, plain)
    assert plain.locator(".nn-live").text_content() == "0\n1\n"
    assert plain.get_attribute("data-same") is None
    rewrite(page, plain, "y = 1\n\t\nprint(x)")
    page.keyboard.press("Control+Enter")
    ended(page, plain, "error")
    assert "line 3" in plain.locator(".nn-error").inner_text()
    assert "NameError" in plain.locator(".nn-error").inner_text()

    rewrite(page, plain, "print('begun')\nwhile True: pass")
    page.keyboard.press("Escape")
    assert plain.locator(".nn-edit").evaluate("e => e === document.activeElement")
    assert plain.locator("code span.k").count()
    plain.locator(".nn-run").click()
    plain.locator(".nn-live", has_text="begun").wait_for(timeout=LONG)
    stopping = """block => {
      const start = performance.now();
      block.querySelector(".nn-run").click();
      return [performance.now() - start, block.dataset.state];
    }"""
    milliseconds, state = plain.evaluate(stopping)
    assert state == "stopped"
    assert milliseconds < 200

    # What was edited outlives a reload, until it is reset.
    page.reload()
    assert "while True" in (plain.locator("code").first.text_content() or "")
    plain.locator(".nn-reset").click()
    assert "while True" not in (plain.locator("code").first.text_content() or "")
    plain.locator(".nn-run").click()
    ended(page, plain)
    assert plain.get_attribute("data-same") == "true"
    page.evaluate(axe_script())
    violations = page.evaluate("axe.run({include: [['.nn-result'], ['.nn-bar']]})")
    assert not violations["violations"], json.dumps(violations["violations"])[:2000]
    assert not faults, faults


def test_an_example_of_the_reference_runs_and_can_be_edited(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab()
    page.goto(address + "reference/losses/")
    block = page.locator(".nn-block:has(> .language-pycon)").first
    block.locator(".nn-run").click()
    ended(page, block)
    assert block.get_attribute("data-same") == "true"
    block.locator(".nn-edit").click()
    edited = block.locator("code").first.text_content() or ""
    assert ">>>" not in edited
    page.keyboard.press("Control+End")
    page.keyboard.type("\n6 * 7")
    page.keyboard.press("Control+Enter")
    ended(page, block)
    assert (block.locator(".nn-live").text_content() or "").endswith("\n42\n")
    block.locator(".nn-reset").click()
    assert ">>>" in (block.locator("code").first.text_content() or "")


def test_an_edited_block_is_shared_by_its_address(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab(address + PAGE)
    block = page.locator(".nn-block").first
    rewrite(page, block, "print('我 shared')")
    block.locator(".nn-link").click()
    page.wait_for_function("location.hash.startsWith('#run=1.')")
    other = tab(page.url)
    block = other.locator(".nn-block").first
    other.wait_for_function("document.querySelector('.nn-block[data-edited]')")
    assert block.locator("code").first.text_content() == "print('我 shared')"
    assert block.get_attribute("data-state") is None  # a stranger's code waits


def test_a_failed_download_says_which_file_and_can_be_retried(
    tab: Callable[..., Page], address: str
) -> None:
    page = tab(address + PAGE)
    page.context.route("**/numpy-*.whl", lambda route: route.abort())
    block = page.locator(".nn-block").first
    block.locator(".nn-run").click()
    ended(page, block, "error")
    assert "numpy-" in block.locator(".nn-state").inner_text()
    page.context.unroute("**/numpy-*.whl")
    block.locator(".nn-retry").click()
    ended(page, block)
    assert block.get_attribute("data-same") == "true"


def test_a_run_that_differs_says_in_what(
    tab: Callable[..., Page], address: str, site: Path
) -> None:
    """On a page with another output, and with another word in a figure."""
    page = tab()

    body = (site / PAGE / "index.html").read_text(encoding="utf-8")
    body = re.sub(r"(nn-output[^>]*>.*?<code>)", r"\1not printed\n", body, flags=re.S)
    body = body.replace("</text>", "!x</text>")
    page.route(
        address + PAGE,
        lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"),
    )
    page.goto(address + PAGE)
    block = page.locator(".nn-block:has(> .nn-output):not(:has(> .nn-figure))").first
    block.locator(".nn-run").click()
    ended(page, block)
    assert block.get_attribute("data-same") == "false"
    assert "Differs" in block.locator(".nn-state").inner_text()
    assert block.locator(".nn-diff").text_content() == "- not printed"
    folded = page.locator(".nn-code:has(.nn-block)").first
    folded.locator("summary").click()
    block = folded.locator(".nn-block")
    block.locator(".nn-run").click()
    ended(page, block)
    assert block.get_attribute("data-same") == "false"
    assert "in the figure" in block.locator(".nn-state").inner_text()

"""Figures that readers can move: by keyboard, by what they say, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

import pytest

from doctools import pages, sliders
from doctools.blocks import page_name

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def having(kind: str) -> list[tuple[str, list[pages.Block]]]:
    """The pages with figures of a kind, and the blocks that draw them."""
    found = []
    for path in pages.markdown_pages():
        blocks = pages.blocks(path.read_text(encoding="utf-8"), page_name(path))
        chosen = [
            block
            for block in blocks
            if block.controls and block.controls[0].startswith(kind)
        ]
        if chosen:
            found.append(
                (path.relative_to(pages.DOCS).with_suffix("").as_posix(), chosen)
            )
    return found


def ids(given: object) -> str | None:
    """The name of a page in the report."""
    return given.rpartition("/")[2] if isinstance(given, str) else None


def opened(
    tab: Callable[..., Page], url: str, *, scripts: bool = True
) -> tuple[Page, list[str]]:
    """A page, and what goes wrong on it."""
    page = tab(java_script_enabled=scripts)
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    return page, faults


def drawn(figure: Locator) -> str:
    """What a figure shows."""
    found: str = figure.locator(".nn-explore__stage").inner_html()
    return found


@pytest.mark.parametrize(("where", "blocks"), having("slider"), ids=ids)
def test_each_position_of_a_slider_shows_its_own_drawing(
    tab: Callable[..., Page], address: str, where: str, blocks: list[pages.Block]
) -> None:
    page, faults = opened(tab, f"{address}{where}/")
    figures = page.locator(".nn-explore")
    assert figures.count() == len(blocks)
    assert not page.locator("[data-loaded]").count()  # nothing before it is asked for
    for figure, block in zip(figures.all(), blocks, strict=True):
        given = sliders.sliders(block)
        first = drawn(figure)
        figure.locator("input").first.focus()
        handle = figure.element_handle()
        page.wait_for_function("figure => figure.dataset.loaded", arg=handle)
        count = prod(len(slider.values) for slider in given)
        assert figure.get_attribute("data-loaded") == str(count)
        ranges = figure.locator("input[type=range]").all()
        assert len(ranges) == len(given)
        for entry, slider in zip(ranges, given, strict=True):
            assert entry.is_visible()
            label = figure.locator(f"label[for={entry.get_attribute('id')}]")
            assert label.inner_text() == slider.label
            texts, shown = slider.texts(), entry.locator("+ output")
            entry.focus()
            page.keyboard.press("Home")
            seen = set()
            for text in texts:
                assert (
                    shown.inner_text() == entry.get_attribute("aria-valuetext") == text
                )
                seen.add(drawn(figure))
                page.keyboard.press("ArrowRight")
            # A slider that changes nothing would not be there.
            assert len(seen) > 1
            for _ in texts[slider.start + 1 :]:
                page.keyboard.press("ArrowLeft")
            assert shown.inner_text() == texts[slider.start]
        assert drawn(figure) == first
        ident = figure.locator("figcaption").get_attribute("id")
        for svg in figure.locator("svg").all():
            assert svg.get_attribute("aria-labelledby") == ident
    assert not faults, faults


@pytest.mark.parametrize(("where", "blocks"), having("explore"), ids=ids)
def test_a_script_takes_the_place_of_its_figure(
    tab: Callable[..., Page], address: str, where: str, blocks: list[pages.Block]
) -> None:
    page, faults = opened(tab, f"{address}{where}/")
    figures = page.locator("[data-explore]")
    assert figures.count() == len(blocks)
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        said = figure.locator(".nn-explore__said")
        said.wait_for()
        assert said.inner_text()
        svg = figure.locator(".nn-explore__stage > svg")
        assert svg.get_attribute("aria-label")
        for entry in figure.locator("input, select").all():
            label = figure.locator(f"label[for={entry.get_attribute('id')}]")
            assert label.inner_text()
            before = drawn(figure)
            entry.focus()
            page.keyboard.press("ArrowRight")
            if drawn(figure) == before:
                page.keyboard.press("ArrowLeft")
            figure.locator("button").last.click() if figure.locator(
                "button"
            ).count() else None
        assert figure.locator("figcaption").is_visible()
    assert not faults, faults


def test_the_sum_that_is_spelled_out_is_the_output(
    tab: Callable[..., Page], address: str
) -> None:
    page, faults = opened(tab, f"{address}concepts/convolution/")
    figure = page.locator("[data-explore=convolution]")
    figure.scroll_into_view_if_needed()
    said = figure.locator(".nn-explore__said")
    figure.locator("[data-output='3 1']").hover()
    assert said.inner_text().startswith("z[3, 1] = ")
    total = said.inner_text().rpartition(" = ")[2]
    terms = said.inner_text().split(" = ")[1].split(" + ")
    assert len(terms) == 9
    products = [
        prod(
            float(part.strip("()").replace("\N{MINUS SIGN}", "-"))
            for part in t.split("·")
        )
        for t in terms
    ]
    # Each number of the sum is rounded to a hundredth.
    value = float(total.replace("\N{MINUS SIGN}", "-"))
    assert abs(sum(products) - value) < 0.1
    figure.locator("svg").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert said.inner_text().startswith("z[4, 0] = ")
    figure.locator("select").last.select_option(index=1)
    assert "read 9 pixels" in said.inner_text()
    assert not faults, faults


def test_a_network_is_trained_in_the_browser(
    tab: Callable[..., Page], address: str
) -> None:
    page, faults = opened(tab, f"{address}concepts/activation-functions/")
    figure = page.locator("[data-explore=spirals]")
    figure.scroll_into_view_if_needed()
    said = figure.locator(".nn-explore__said")
    assert said.inner_text().startswith("Step 0: ")
    figure.get_by_role("button", name="One step").click()
    assert said.inner_text().startswith("Step 1: loss ")
    figure.get_by_role("button", name="Train").click()
    page.wait_for_function(
        "document.querySelector('.nn-explore__said').innerText > 'Step 2'"
    )
    figure.get_by_role("button", name="Pause").click()
    figure.get_by_role("button", name="Start again").click()
    assert said.inner_text().startswith("Step 0: ")
    assert not faults, faults


@pytest.mark.parametrize("kind", ["slider", "explore"])
def test_without_scripts_the_first_drawing_stands_there(
    tab: Callable[..., Page], address: str, kind: str
) -> None:
    where, blocks = having(kind)[0]
    page, _ = opened(tab, f"{address}{where}/", scripts=False)
    figures = page.locator(".nn-figure:has(.nn-explore__stage)")
    assert figures.count() >= len(blocks)
    figure = figures.first
    assert figure.locator(".nn-explore__stage svg").is_visible()
    assert figure.locator("figcaption").is_visible()
    assert (
        not figure.locator("input").count()
        or not figure.locator("input").first.is_visible()
    )

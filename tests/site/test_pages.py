"""Every page as a reader meets it, in headless Chromium: opened once, asked for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from browsing import addresses, unread

if TYPE_CHECKING:
    from pathlib import Path

    from browsing import Plain, Visit


def test_everyone_can_see_it(visit: Visit) -> None:
    """No violation of accessibility rules, and code, formulas and figures stand out.

    With details open; so below.
    """
    assert visit.unseen("light") == []


def test_loads_clean_and_light(visit: Visit) -> None:
    """No console error, no request to another host, and within the budget.

    Above the focus, which comes by the search and so loads its index.
    """
    assert visit.loaded() == []


def test_everything_takes_the_focus(visit: Visit) -> None:
    """Every visible link, button, field and folded solution, for who has no mouse."""
    assert visit.unreached() == []


def test_everyone_can_see_it_in_the_dark(visit: Visit) -> None:
    """The same of all that is a matter of colour."""
    assert visit.unseen("dark") == []


@pytest.mark.parametrize("width", [768, 390])
def test_never_scrolls_sideways(visit: Visit, width: int) -> None:
    """The page is no wider than the screen, details open.

    Last, because it sets every element anew.
    """
    assert visit.outside(width) == []


@pytest.mark.parametrize("page", addresses(), ids=lambda name: name or "home")
def test_stands_in_the_html(site: Path, page: str) -> None:
    """Text and formulas, and solutions that open: what needs no script."""
    assert unread(site / page / "index.html") == []


# ------------------------------------------- what no page has a way of its own to fail

# With every kind of thing that the site shows, and in Chinese.
KINDS = ["", "concepts/convolution/", "reference/pooling/", "zh/concepts/pooling/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", KINDS)
def test_axe_finds_no_faint_colour_either(
    visitor: Visit, address: str, page: str, scheme: Literal["light", "dark"]
) -> None:
    """Our own look at colours, which is quick, is held to that of axe."""
    if visitor.page.url != address + page:
        visitor.open(address + page)
    assert visitor.unseen_by_axe(scheme) == []


@pytest.mark.parametrize("page", [*KINDS, "notes-checked/"])
def test_the_tab_key_reaches_everything(
    visitor: Visit, address: str, page: str
) -> None:
    """What takes the focus gets it by the key, in the browser's own order."""
    visitor.open(address + page)
    assert visitor.unreached_by_key() == []


@pytest.mark.parametrize("page", [*KINDS, "glossary/", "notes-checked/"])
def test_readable_without_javascript(plain: Plain, address: str, page: str) -> None:
    """The style sheets hide nothing, and solutions open by themselves."""
    assert plain.unread(address + page) == []

"""Every page as a reader meets it, in headless Chromium: opened once, asked for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browsing import Plain, Visit


def test_everyone_can_see_it(visit: Visit) -> None:
    """No violation of accessibility rules, and code, formulas and figures stand out.

    With details open; so below.
    """
    assert visit.unseen("light") == []


def test_loads_clean_and_light(visit: Visit) -> None:
    """No console error, no request to another host, and within the budget.

    Above the test by keyboard, which turns to the search and so loads its index.
    """
    assert visit.loaded() == []


@pytest.mark.parametrize("width", [390, 768])
def test_never_scrolls_sideways(visit: Visit, width: int) -> None:
    """The page is no wider than the screen, details open."""
    assert visit.outside(width) == []


def test_keyboard_reaches_everything(visit: Visit) -> None:
    """Tab visits every visible link, button, field and folded solution."""
    assert visit.unreached() == []


def test_everyone_can_see_it_in_the_dark(visit: Visit) -> None:
    """The same of all that is a matter of colour.

    Here, because turning to another theme and back sets every element anew.
    """
    assert visit.unseen("dark") == []


# With every kind of thing that the site shows, and in Chinese.
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "page", ["", "concepts/convolution/", "reference/pooling/", "zh/concepts/pooling/"]
)
def test_axe_finds_no_faint_colour_either(
    visitor: Visit, address: str, page: str, scheme: str
) -> None:
    """Our own look at colours, which is quick, is held to that of axe."""
    if visitor.page.url != address + page:
        visitor.open(address + page)
    assert visitor.unseen_by_axe(scheme) == []


def test_readable_without_javascript(plain: Plain, url: str) -> None:
    """Text, maths and figures stand in the HTML; solutions open by themselves."""
    assert plain.unread(url) == []

"""The built site for everyone: axe finds nothing, and nothing is faint.

A file of its own, so that another worker takes it: axe reads every element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


# The themes differ in colour alone: what else axe looks at is looked at once.
COLOUR = ["color-contrast", "link-in-text-block"]
RULES = {"light": None, "dark": {"type": "rule", "values": COLOUR}}


@pytest.mark.parametrize("scheme", RULES)
def test_everyone_can_see_it(tab: Callable[..., Page], url: str, scheme: str) -> None:
    """No violation of accessibility rules, and formulas and figures stand out.

    In either theme, with details open.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = tab(url, color_scheme=scheme)
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if RULES[scheme]:
        options["runOnly"] = RULES[scheme]
    assert page.evaluate("look.faint()") == []
    found = [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:240]}"
        for rule in axe.Axe().run(page, options=options).response["violations"]
        for node in rule["nodes"][:3]
    ]
    assert not found, "\n".join(found)

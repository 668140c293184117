"""The built site for everyone: axe finds nothing, and nothing is faint.

A file of its own, so that another worker takes it: axe reads every element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


# The themes differ in colour alone: what else axe looks at is looked at once. The
# colours of code are looked at by `look.faintCode`.
NAMES = ["color-contrast", "link-in-text-block"]
COLOUR = {"runOnly": {"type": "rule", "values": NAMES}}
REST = {"rules": {name: {"enabled": False} for name in NAMES}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_see_it(tab: Callable[..., Page], url: str, scheme: str) -> None:
    """No violation of accessibility rules, and formulas and figures stand out.

    In either theme, with details open.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = tab(url, color_scheme=scheme)
    assert page.evaluate("look.faint()") == []
    assert page.evaluate("look.faintCode()") == []
    found = []
    for context, rules in ((None, REST), ({"exclude": [["pre"]]}, COLOUR)):
        if rules == REST and scheme == "dark":
            continue
        options = {"resultTypes": ["violations"], **rules}
        result = axe.Axe().run(page, context=context, options=options)
        found += [
            f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:240]}"
            for rule in result.response["violations"]
            for node in rule["nodes"][:3]
        ]
    assert not found, "\n".join(found)


def test_faint_code_is_seen(tab: Callable[..., Page], address: str) -> None:
    """A word of code in a pale colour is found, by whatever element it has it."""
    page = tab(address)
    page.evaluate(
        """() => {
          const pre = document.querySelector("pre");
          const word = "<b style='color: rgb(200,200,200)'>a</b>";
          pre.insertAdjacentHTML("beforeend", word);
        }"""
    )
    assert "rgb(200, 200, 200)" in str(page.evaluate("look.faintCode()"))

"""Loads the plugins that run what the pages show."""

from __future__ import annotations

import pytest

pytest_plugins = ["doctools.plugin", "doctools.equations.plugin"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the equations of a page on one worker, since it checks them together."""
    from doctools.equations.plugin import EquationItem

    for item in items:
        if isinstance(item, EquationItem):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))

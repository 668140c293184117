"""Loads the plugins that run what the pages show; what adds up results comes last."""

import os
from typing import Any

import pytest

# One thread to a process, set before NumPy is loaded: the tests run in parallel, and
# threads that wait for one another's core take several times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["doctools.plugin"]

# They look at the equations of all pages, which the tests of the pages keep.
LAST = (
    "test_docstring_formulas.py",
    "test_equations.py",
    "test_shares.py",
    "test_summary.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every process begin with pages, and move what adds up to the end.

    The site needs the figures that the tests of the pages draw, and no equation is to
    be checked by two processes. Each begins at its share of the list (`worksteal`).
    """
    items.sort(key=lambda item: item.path.name in LAST)
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    paths = {item.path for item in items if item.path.suffix == ".md"}
    largest = sorted(paths, key=lambda path: (-path.stat().st_size, path))
    turn = {path: k % count for k, path in enumerate(largest)}
    others = [item for item in items if item.path not in turn]
    found: list[pytest.Item] = []
    for k in range(count):
        found += [item for item in items if turn.get(item.path) == k]
        room = max(0, (k + 1) * len(items) // count - len(found))
        found += others[:room]
        others = others[room:]
    items[:] = found + others


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report what of the pages is not translated: no fault, but somebody's work."""
    passed = terminalreporter.stats.get("passed", [])
    if any("test_translations.py" in report.nodeid for report in passed):
        from doctools.translations import edition

        for line in edition.report():
            terminalreporter.write_line(line)

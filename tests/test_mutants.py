"""Changes of one operator or constant, and whether the pages notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctools import mutants

SOURCE = '''
"""1 + 1 in a docstring stays."""


def f(x, k=2, *, flag=True):
    if not 0 < x <= k:
        raise ValueError(f"{k + 1} and {x - 1}")
    x += 3.0
    return -x * (k - 1)  # é stands before nothing
'''


@pytest.fixture
def found(tmp_path: Path, monkeypatch) -> list[mutants.Mutant]:
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "m.py").write_text(SOURCE, encoding="utf-8")
    return list(mutants.mutants(tmp_path / "m.py"))


def test_every_operator_sign_and_constant_once(found):
    changes = sorted((m.old, m.new) for m in found)
    assert changes == sorted(
        [
            *[("2", "3"), ("True", "False"), ("0", "1"), ("<", "<="), ("<=", "<")],
            *[("+=", "-="), ("3.0", "6.0"), ("-", ""), ("*", "/"), ("-", "+")],
            ("1", "2"),
        ]
    )


def test_each_change_is_applied_and_undone(found, tmp_path: Path):
    other = tmp_path / "copy"
    other.mkdir()
    for mutant in found:
        mutant.apply(other)
        text = (other / "m.py").read_text(encoding="utf-8")
        assert text != SOURCE
        compile(text, "m.py", "exec")
        mutant.undo(other)
        assert (other / "m.py").read_text(encoding="utf-8") == SOURCE


def test_the_page_of_a_module_comes_first():
    first, *rest = mutants.order("losses")
    assert first == "docs/reference/losses.md"
    assert "docs/concepts/loss-functions.md" in rest

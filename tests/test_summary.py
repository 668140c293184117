"""What the page that says how all is checked counts."""

from __future__ import annotations

import pytest

import eqcheck
from doctools import summary
from doctools.census import Counts


@pytest.fixture
def two_pages(monkeypatch):
    checked = eqcheck.Result(
        *(3, 5, eqcheck.CHECKED),
        against=("nnref.relu",),
        comparisons=6,
        mutants=4,
        caught=3,
        survivors=("line 4: sign of term 1, because it is zero",),
    )
    missed = eqcheck.Result(9, 11, eqcheck.NOT_CHECKED, "not checked, because hard")
    page = "docs/glossary.md"
    rows = {page: Counts(blocks=2, outputs=1), "docs/index.md": Counts()}
    monkeypatch.setattr(summary.census, "counts", lambda: rows)
    monkeypatch.setattr(
        summary, "results", lambda: {"docs/glossary.md": [checked, missed]}
    )


@pytest.mark.usefixtures("two_pages")
def test_counts_tell_checked_equations_from_all():
    assert summary.counts().splitlines()[2:] == [
        "| [Glossary](glossary.md) | 2 | 1 | 0 | 2 | 1 |",
        "| **all** | **2** | **1** | **0** | **2** | **1** |",
    ]


@pytest.mark.usefixtures("two_pages")
def test_exceptions_and_unbound_operations_are_listed():
    text = summary.checked_equations()
    assert "Of 4 changed forms" in text
    assert "3 were noticed (75.00%)" in text
    assert (
        "- [Glossary](glossary.md), line 4: sign of term 1, because it is zero" in text
    )
    assert (
        "- [Glossary, equation at line 9](glossary.md): not checked, because hard"
        in text
    )
    assert "`relu_backward`" in text
    assert "`relu`," not in text


def test_operations_are_pairs():
    names = summary.operations()
    assert {"softmax", "softmax_backward"} <= set(names)
    assert "digits" not in names


def test_the_wrong_equation_is_caught():
    assert "wrong.md:8: the two sides of this = disagree" in summary.wrong()


def test_a_right_equation_is_no_example(monkeypatch):
    monkeypatch.setattr(
        summary, "WRONG", summary.WRONG.replace("p_i + y_i", "p_i - y_i")
    )
    with pytest.raises(AssertionError, match="passes"):
        summary.wrong()

"""The equations of all pages, taken together."""

from __future__ import annotations

import pytest

from doctools import summary
from doctools.pages import DOCS, ROOT, markdown_pages
from eqcheck import CACHE, DEFINITION, FAILED, NOT_CHECKED, check_page

PAGES = [page for page in markdown_pages() if "$$" in page.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def results():
    return {
        f"{page.relative_to(DOCS)}:{result.line}": result
        for page in PAGES
        for result in check_page(page, cache=ROOT / CACHE)
    }


def test_none_fails(results):
    assert results
    failed = {place: r.reason for place, r in results.items() if r.status == FAILED}
    assert not failed


def test_nearly_all_are_checked(results):
    left = {p: r.reason for p, r in results.items() if r.status == NOT_CHECKED}
    assert len(left) <= 0.05 * len(results), left
    # whatever is left has a reason that its author gave
    assert all(reason.startswith("not checked, because") for reason in left.values())
    defined = [r for r in results.values() if r.status == DEFINITION]
    assert all(r.used_by for r in defined)


def test_nearly_every_changed_form_is_noticed(results):
    mutants = sum(r.mutants for r in results.values())
    caught = sum(r.caught for r in results.values())
    assert caught >= 0.97 * mutants
    unexplained = {
        place: survivors
        for place, r in results.items()
        if (survivors := [s for s in r.survivors if ", because " not in s])
    }
    assert not unexplained


def test_every_operation_is_held_against_an_equation():
    assert "Every operation is held against an equation" in summary.checked_equations()

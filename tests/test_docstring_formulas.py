"""Every formula in a docstring of nnref is held against its function, and shown so."""

from __future__ import annotations

from dataclasses import replace

import markdown
import pytest

import eqcheck
from doctools import formulas, marks, pages
from eqcheck.outside.docstrings import Package

CACHE = pages.ROOT / eqcheck.CACHE


def test_every_docstring_with_formulas_is_shown_on_a_reference_page():
    found = {
        name
        for page in (pages.DOCS / "reference").glob("*.md")
        for name in formulas.shown(page.read_text(encoding="utf-8"), page.name)
    }
    assert found == set(formulas.package().docstrings)


def test_every_formula_is_evaluated_beside_its_own_function():
    # check_gradient takes functions and gives an error, which no formula shows.
    package = formulas.package()
    without = {
        name
        for name, doc in package.docstrings.items()
        if not any(f"nnref.{doc.short}(" in s.comment for _, s in package.sources(name))
        and not all("not checked" in s.comment for _, s in package.sources(name))
    }
    assert without == {"gradcheck.check_gradient"}


def test_few_formulas_are_left_unchecked():
    package = formulas.package()
    left = [r for d in package.docstrings.values() for r in d.unchecked.values()]
    assert len(left) <= 3


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("losses.huber", r"\frac{1}{2} r_i^{2}", r"\frac{1}{3} r_i^{2}"),
        ("losses.huber", r"\hat{y}_i - y_i", r"\hat{y}_i + y_i"),
        ("activations.relu_backward", r"1 & x > 0", r"1 & x < 0"),
        ("dense.dense_backward", r"W^{\top}", "W"),
        ("optimizers.SGD", r"- \eta v_t", r"+ \eta v_t"),
        ("data.blobs", r"\frac{y_i}{C}", r"\frac{y_i}{2}"),
    ],
)
def test_a_wrong_formula_is_noticed(name: str, right: str, wrong: str):
    package = formulas.package()
    doc = package.docstrings[name]
    assert right in doc.text
    changed = replace(doc, text=doc.text.replace(right, wrong))
    broken = Package({**package.docstrings, name: changed}, package.functions)
    found = [r for r in broken.check(name, trials=False) if r.status == eqcheck.FAILED]
    assert found
    assert found[0].reason.startswith(f"{doc.file}:")


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("entropies.entropy", "H(p) = -", "p(p) = -"),
        ("entropies.cross_entropy", "H(p, q) = ", "H(p, k) = "),
        ("regularization.soft_threshold", "S_t(w) = ", "S_t(t) = "),
        ("activations.gelu_backward", r"\varphi(x) =", r"\varphi(e) ="),
        ("activations.leaky_relu", "f(x) =", "x(x) ="),
    ],
)
def test_a_left_side_with_other_letters_is_noticed(name: str, right: str, wrong: str):
    doc = formulas.package().docstrings[name]
    assert formulas.misnamed(doc) == []
    assert right in doc.text
    (found,) = formulas.misnamed(replace(doc, text=doc.text.replace(right, wrong)))
    assert found.startswith(f"{doc.file}:")
    assert found.endswith("is misnamed")


def test_a_function_that_does_something_else_is_noticed(monkeypatch):
    import nnref

    monkeypatch.setattr(nnref, "huber", lambda *args, **kwargs: 0.0)
    found = formulas.package().check("losses.huber", trials=False)
    assert any(result.status == eqcheck.FAILED for result in found)


def test_of_changed_formulas_nine_in_ten_are_noticed():
    package = formulas.package()
    results = [r for n in package.docstrings for r in package.check(n, cache=CACHE)]
    assert sum(r.caught for r in results) >= 0.97 * sum(r.mutants for r in results)


def test_a_formula_has_its_mark():
    (formula,) = formulas.package().docstrings["losses.mean_squared_error"].formulas
    mark = marks.docstring_mark(formula.source.latex)
    assert "✓" in mark
    assert "#nnref.losses.mean_squared_error" in mark
    assert marks.docstring_mark("x = 1") == ""


def test_a_docstring_on_the_site_has_marks_and_no_numbers():
    (formula,) = formulas.package().docstrings["losses.mean_squared_error"].formulas
    text = f"Mean.\n\n$$\n{formula.source.latex}$$\n"
    found = markdown.markdown(text, extensions=["doctools.markdown"])
    assert "✓" in found
    assert "equation-1" not in found

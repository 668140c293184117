"""What the guide for authors says about equations is so."""

from __future__ import annotations

import re

import pytest

from doctools import pages
from eqcheck import check_page, check_text
from eqcheck.latex.names import identifier
from eqcheck.symbols.comment import is_helper, read_comment

GUIDE = pages.DOCS / "writing-equations.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FENCES = [e for e in pages.elements(TEXT) if isinstance(e, pages.Fence)]
EXAMPLES = [fence for fence in FENCES if fence.info == "markdown"]
# the left column of the table of comment lines
LINES = re.findall(r"^\| `(.+?)` \|", TEXT, re.MULTILINE)


def test_its_equations_hold():
    results = check_page(GUIDE)
    assert [result.status for result in results] == ["checked"] * len(results)
    assert all(not result.survivors for result in results)


@pytest.mark.parametrize("fence", EXAMPLES, ids=lambda fence: f"line {fence.line}")
def test_its_examples_hold(fence):
    results = check_text(fence.text, "example.md")
    assert results
    assert {result.status for result in results} <= {"checked", "definition"}


def test_the_example_shown_is_the_one_rendered():
    (shown,) = [fence for fence in EXAMPLES if "softmax" in fence.text]
    assert shown.text in TEXT.replace("````markdown\n" + shown.text, "", 1)


def test_the_failure_shown_is_the_one_it_gets():
    (shown,) = [fence for fence in FENCES if "disagree" in fence.text]
    (example,) = [fence for fence in EXAMPLES if "softmax" in fence.text]
    wrong = example.text.replace("p_i - y_i", "p_i + y_i")
    (result,) = check_text(wrong, "loss-functions.md")
    assert result.reason == shown.text.strip()


def test_every_line_of_the_table_is_read():
    assert len(LINES) >= 15
    for line in LINES:
        comment = read_comment(f"equation\n{line}", 1)
        assert comment != read_comment("equation", 1), line


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        ("\\hat{y}", "y_hat"),
        ("n_{in}", "n_in"),
        ("\\lambda", "lambda_"),
        ("\\mathbf{x}", "x"),
        ("\\Delta w", "Deltaw"),
        ("\\sigma_{\\max}", "sigma_max"),
        ("w^{*}", "w_star"),
        ("f'", "f_prime"),
        ("\\bar{x}_{1}", "x_bar_1"),
    ],
)
def test_python_names(latex, name):
    assert identifier(latex) == name


def test_names_of_python_only():
    assert all(map(is_helper, ["labels", "w_true", "x1", "dW"]))
    assert not any(map(is_helper, ["x", "H_o", "x_0", "\\hat{y}"]))

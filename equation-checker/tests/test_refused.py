"""What is not understood is refused, with a message that points at it."""

from __future__ import annotations

import pytest

SYMBOLS = """
x = rng.normal(size=3)
y = rng.normal(size=3)
A = rng.normal(size=(3, 4))
a = 2.0
b = 3.0
f = np.tanh
"""
FIRST_LINE = SYMBOLS.count("\n") + 3  # of the LaTeX, on the page

REFUSED = [
    # syntax
    ("a = = b", 5, "= stands where one of these is expected"),
    ("a = \\foo b", 5, "\\foo is not read here"),
    ("a = \\frac{a}{b", 15, "closes the { of line 1, column 13"),
    ("a = (a + b]^2 + (a", 19, "closes the ( of line 1, column 17"),
    ("a = b \\cdot", 12, "an expression"),
    ("a = a^23", 7, "^{23}"),
    ("a = \\int_0^1 x", 5, "\\int"),
    ("a = b \\pm 1", 5, "\\pm"),
    ("a + b", 1, "no relation"),
    ("= b", 1, "left side is missing"),
    ("a = \\begin{pmatrix} 1 & 2 \\\\ 3 \\end{pmatrix}", 5, "different lengths"),
    # two readings
    ("a = a / b a", 9, "two ways"),
    ("a = \\ln a b", 11, "where does the argument of ln end"),
    ("a = \\sin^{-1} a", 5, "two ways"),
    ("a = A_{111}", 5, "Write A_{1,2}"),
    ("a = A^\\top_{ij}", 5, "(W^\\top)_{ij}"),
    ("a = f^2(a)", 5, "behind the argument"),
    ("a = \\|A\\|", 5, "which norm"),
    ("x = x^2", 5, "\\odot 2"),
    ("a = x y", 5, "two vectors side by side"),
    ("a = \\frac{\\partial^2 a}{\\partial b}", 11, "2 derivatives above, 1 below"),
    # indices and shapes
    ("x_i = q_i", 7, "q is not known"),
    ("x_i = x_{i+1}", 7, "x has no entry 4 along axis 1: that index runs over 1..3"),
    ("x_i = A_{ki}", 1, "different ranges: 1..3 in x, 1..4 in A"),
    ("x_i = \\sum_{k} x_{i+k}", 7, "say `k in 1..n`"),
    (
        "x_i = \\frac{x_i}{\\sum_i x_i}",
        18,
        "the index i is bound here and free beside it",
    ),
    ("a = \\sum_{i=3}^{1} x_i", 5, "runs backwards"),
    ("a = x_{i,1}", 5, "x has 1 axes, but 2 indices"),
    ("a = x_{0.5}", 8, "whole number"),
    ("x = A", 5, "the sides have the shapes (3,) and (3, 4)"),
    ("A = A A", 5, "no product of arrays of shape (3, 4) and (3, 4)"),
    ("x + A = A", 1, "do not fit together"),
    ("x \\odot A = A", 3, "\\odot of shapes"),
    ("a = \\begin{cases} 1 & a < 0 \\end{cases}", 5, "no case applies at a = "),
    ("a = f", 5, "needs an argument"),
    ("a = \\mathbf{1}^\\top \\mathbf{1}", 5, "length of \\mathbf{1}"),
    # meaning
    ("a \\approx a^2", 1, "tolerance = 1e-3"),
    ("a = \\lim_{h \\to 0} h", 5, "sequence h"),
    ("a = \\mathbb{E}[x]", 5, "sample x"),
    ("a \\propto b", 1, "\\propto"),
    ("a \\in \\mathbb{Q}", 7, "\\mathbb{Q}"),
    ("a = \\nabla a", 5, "\\nabla_x"),
    ("a = x'", 5, "x' is not known"),
]


@pytest.mark.parametrize(("latex", "column", "message"), REFUSED)
def test_refused(check, latex, column, message):
    result = check(SYMBOLS.strip("\n"), latex)
    assert result.status == "failed"
    first, *rest = result.reason.splitlines()
    assert message in first
    line = FIRST_LINE
    assert first.startswith(f"page.md:{line}:{column}: "), first
    assert rest[0].strip() == latex
    assert rest[1].index("^") - 4 == column - 1


COMMENTS = [
    ("x =", 2, "invalid syntax"),
    ("x = 1\ny = 1 / 0", 3, "ZeroDivisionError"),
    ("x = unknown", 2, "NameError: name 'unknown' is not defined"),
    ("x y = 3", 2, "x y is not a symbol"),
    ("nonsense", 2, "neither `symbol = python` nor a directive"),
    ("x = 'text'", 2, "neither numbers nor a function"),
    ("x = 1.0\n\\mathbf{x} = 2.0", 3, "both x in Python"),
    ("x, y = (1, 2, 3)", 2, "2 names for 3 values"),
    ("pad x with 0", 2, "x is not known here"),
    ("x = 1\ni in 1..3", 3, "i does not stand in this equation"),
    ("sequence h = [1, 2]", 2, "h does not stand in this equation"),
    ("tolerance = 1e-3", 2, "none is here"),
    ("x = 1\ncheck \\frac{1}{2} = 0.5", 3, "does not stand in this equation"),
]


@pytest.mark.parametrize(("comment", "line", "message"), COMMENTS)
def test_bad_comment(check, comment, line, message):
    result = check(comment, "1 = 1")
    assert result.status == "failed"
    assert result.reason.startswith(f"page.md:{line}: ")
    assert message in result.reason


def test_an_equation_needs_a_comment():
    from eqcheck import check_text

    (result,) = check_text("text\n\n$$\nx = x\n$$\n", "page.md")
    assert result.status == "failed"
    assert "page.md:3: no comment" in result.reason


def test_unchecked_needs_a_reason():
    from eqcheck import check_text

    text = "<!-- equation: not checked{} -->\n$$\n\\anything\n$$\n"
    (result,) = check_text(text.format(", because it is open"), "page.md")
    assert result.status == "not checked"
    assert result.reason == "not checked, because it is open"
    (result,) = check_text(text.format(""), "page.md")
    assert result.status == "failed"


def test_a_number_from_further_up_is_no_index_without_a_word():
    from eqcheck import check_text

    text = """\
<!-- equation
k = 2
x = rng.normal(size=3)
-->
$$
k + 1 = 3
$$

<!-- equation{} -->
$$
x_k = x_k + 0
$$
"""
    first, second = check_text(text.format(""))
    assert first.status == "checked"
    assert "k was given as a number further up" in second.reason
    _, second = check_text(text.format("\nk in 1..3\n"))
    assert second.comparisons == 9  # three draws of three entries
    _, second = check_text(text.format("\nnew k\n"))
    assert second.comparisons == 9
    _, second = check_text(text.format("\nk = 3\n"))
    assert second.comparisons == 3

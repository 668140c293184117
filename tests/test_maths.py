"""LaTeX becomes MathML that keeps its LaTeX."""

# ruff: noqa: RUF001 - the signs of mathematics are meant

from __future__ import annotations

import pytest

from doctools import maths


def test_mathml_keeps_the_latex():
    found = maths.mathml(r"\frac{a}{b}", display=True)
    assert found.startswith('<math display="block">')
    assert r'<annotation encoding="application/x-tex">\frac{a}{b}</annotation>' in found


def test_unknown_latex_is_refused_by_name():
    with pytest.raises(maths.MathsError, match=r"\\nosuch"):
        maths.mathml(r"a + \nosuch b")


def test_inline_is_an_element_with_applied_functions():
    element = maths.inline(r"\ln x")
    assert element.tag == "math"
    assert "\u2061" in "".join(element.itertext())


def test_display_has_an_address_only_when_given_one():
    assert 'id="equation-3"' in maths.display("x", "equation-3")
    assert "id=" not in maths.display("x", None)
    assert maths.display("x", None, mark="<b>7</b>").endswith("<b>7</b></div>")


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"f = c \theta^2 / 2", "f=cθ²/2"),
        (r"\frac{\partial^2 f}{\partial \theta^2} = c", "∂²f/∂θ²=c"),
        (r"\frac{a + b}{2c}", "(a+b)/(2c)"),
        (r"\frac{1}{2} (w - 3)^2", "(1/2)(w−3)²"),
        (r"\lVert \frac{\partial L}{\partial x} \rVert", "‖∂L/∂x‖"),
        (r"(\frac{x_u}{y})^{q-1}", "(x_u/y)^(q−1)"),
        (r"-\sum_k y_k \ln p_k", "−∑_k y_k ln p_k"),
        (r"\sum_{k=1}^{n} x_{k-1}^2", "∑_(k=1)ⁿ x_(k−1)²"),
        (r"\ln(1 + e^{-z})", "ln(1+e^(−z))"),
        (r"\max_u \operatorname{relu}(x_u)", "max_u relu(x_u)"),
        (r"D_{\mathrm{KL}}(p \Vert q)", "D_KL(p‖q)"),
        (r"\hat y_i - \tilde x", "ŷ_i−x\u0303"),
        (r"\sqrt{a + b} \sqrt 2", "√(a+b)√2"),
        (r"W^{(2)} X^\top f'", "W⁽²⁾Xᵀf′"),
        (r"\sqrt[3]{n} + 10^{-3} + n^{1/2}", "³√n+10⁻³+n^(1/2)"),
        (r"2 \times 2", None),
        ("x", None),
    ],
)
def test_a_formula_reads_in_a_line(latex: str, line: str | None) -> None:
    """Where tags alone would say something else: θ2 for θ squared."""
    element = maths.inline(latex)
    ((shown, tex, *more),) = element
    assert tex.text == latex
    assert [a.text for a in more] == ([line] if line else [])
    assert ("data-search-exclude" in shown.attrib) == bool(line)
    inside = [part.tag for part in shown.iter()][1:]
    assert line is None or shown.tag not in inside

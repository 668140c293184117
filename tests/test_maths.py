"""LaTeX becomes MathML that keeps its LaTeX."""

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

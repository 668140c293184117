"""Inline equations below a comment `inline equations`."""

from __future__ import annotations

from eqcheck import CHECKED, FAILED, NOT_CHECKED, check_text

COMMENT = (
    "<!-- inline equations\nz = rng.normal(size=5)\n\\sigma = standin.sigmoid\n-->\n"
)


def test_every_relation_of_the_paragraph_is_asserted():
    first, second = "$\\tanh(z) = 2\\sigma(2z) - 1$", "$\\sigma(-z)\n= 1 - \\sigma(z)$"
    text = f"It gives {first}, of $z$, and {second}.\n"
    (result,) = check_text(COMMENT + text)
    assert result.status == CHECKED
    assert result.line == 4  # the comment's last line
    assert result.assertions == 2
    assert result.bound == ("sigmoid",)
    assert 0 < result.mutants == result.caught


def test_a_false_one_fails_with_its_place():
    (result,) = check_text(COMMENT + "Now $\\sigma(z) = 1 + \\sigma(-z)$.\n")
    assert result.status == FAILED
    assert "page.md:5: the two sides of this = disagree" in result.reason


def test_the_next_paragraph_is_another():
    text = "Here $\\sigma(z_i) < 1$.\n\nThere $\\sigma(z) = 7$.\n"
    (result,) = check_text(COMMENT + text)
    assert result.status == CHECKED


def test_a_paragraph_without_a_relation_is_reported():
    (result,) = check_text(
        "<!-- inline equations -->\nOnly $z$ and prices of $5 or $6 = cheap.\n"
    )
    assert result.status == NOT_CHECKED


def test_symbols_stay_known_between_inline_and_displayed():
    displayed = "\n<!-- equation\n-->\n$$\n\\sigma(z_i) > 0\n$$\n"
    first, second = check_text(COMMENT + "Now $\\sigma(z_i) < 1$.\n" + displayed)
    assert (first.status, second.status) == (CHECKED, CHECKED)
    assert first.line < second.line

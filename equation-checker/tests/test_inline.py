"""Formulas in running text."""

from __future__ import annotations

import pytest

from eqcheck import CHECKED, FAILED, SETTING, check_text

COMMENT = (
    "<!-- inline equations\nz = rng.normal(size=5)\n\\sigma = standin.sigmoid\n-->\n"
)
DISPLAYED = (
    "<!-- equation\nx = 3 + rng.normal(size=4)\ns = x.sum()\nk = 3\n-->\n"
    "$$\ns = \\sum_i x_i, \\quad k = 3\n$$\n\n"
)


def inline(text: str, given: str = DISPLAYED):
    """The results of the paragraphs below a display."""
    return check_text(given + text)[1:]


def test_every_relation_of_the_paragraph_is_asserted():
    first, second = "$\\tanh(z) = 2\\sigma(2z) - 1$", "$\\sigma(-z)\n= 1 - \\sigma(z)$"
    text = f"It gives {first}, of $z$, and {second}.\n"
    (result,) = check_text(COMMENT + text)
    assert result.status == CHECKED
    assert (result.line, result.end) == (5, 6)
    assert result.assertions == result.inline == 2
    assert 0 < result.mutants == result.caught


def test_a_false_one_fails_with_its_place():
    (result,) = check_text(COMMENT + "Now $\\sigma(z) = 1 + \\sigma(-z)$.\n")
    assert result.status == FAILED
    assert "page.md:5: the two sides of this = disagree" in result.reason


@pytest.mark.parametrize(
    "text",
    [
        "So $s = x_1 + x_2 + x_3 + x_4$.\n",
        "- one\n- then $s \\ge \\min_i x_i$ and more\n",
        "| a | b |\n|---|---|\n| 1 | $\\frac{\\partial s}{\\partial x_i} = 1$ |\n",
        '!!! note "Since $s - x_1 = x_2 + x_3 + x_4$"\n\n    Text.\n',
    ],
)
def test_without_a_comment_the_symbols_known_there_count(text):
    (right,) = inline(text)
    assert right.status == CHECKED
    for old, new in (("x_2", "2 x_2"), ("\\ge", "\\le"), ("= 1$", "= 2$")):
        if old in text:
            (wrong,) = inline(text.replace(old, new))
            assert wrong.status == FAILED


def test_what_a_paragraph_says_holds_for_itself_alone():
    (first, second) = inline("Let $m = s / 4$, so $4m = s$.\n\nBut $4m = s$.\n")
    assert first.status == CHECKED
    assert second.status == FAILED
    assert "m is not known here" in second.reason


def test_a_comment_gives_symbols_to_its_paragraph_only():
    comment = "<!-- inline equations\nk = 7\n-->\n"
    (first, second) = inline(comment + "So $k + 1 = 8$.\n\nAnd $k + 1 = 4$.\n")
    assert (first.status, second.status) == (CHECKED, CHECKED)


def test_a_setting_holds_in_its_sentence():
    right, wrong = inline("With $k = 5$, $k^2 = 25$.\n\nWith $k = 6$, $k^2 = 25$.\n")
    assert (right.status, wrong.status) == (CHECKED, FAILED)
    assert not right.settings
    # in the next sentence k is 3 again
    (result,) = inline("With $k = 5$, $k^2 = 25$. Else $k^2 = 9$.\n")
    assert result.status == CHECKED


def test_a_setting_that_no_claim_looks_at_is_reported():
    (result,) = inline("With rate $\\eta = 0.1$ it falls.\n")
    assert result.status == SETTING
    assert result.settings == ((10, 11, "\\eta = 0.1"),)
    (known,) = inline("Above $k = 3$ was said.\n")
    assert known.status == CHECKED
    assert not known.settings


def test_a_number_worked_out_behind_a_setting_is_asserted():
    (right,) = inline("So $\\kappa = 1.9 / 0.1 = 19$.\n")
    assert right.status == CHECKED
    (wrong,) = inline("So $\\kappa = 1.9 / 0.1 = 18$.\n")
    assert wrong.status == FAILED


def test_a_condition_restricts_the_claims_of_its_sentence():
    given = (
        "<!-- equation\nv = np.array([-2.0, 1.0, 3.0])\n-->\n$$\n|v_i| \\ge 1\n$$\n\n"
    )
    right, wrong = inline(
        "For $v_i > 0$, $|v_i| = v_i$.\n\nHere $|v_i| = v_i$.\n", given
    )
    assert (right.status, wrong.status) == (CHECKED, FAILED)
    (behind,) = inline("We have $|v_i| = -v_i$ if $v_i < 0$.\n", given)
    assert behind.status == CHECKED
    (alone,) = inline("It holds if $v_i > 0$.\n", given)
    assert alone.status == FAILED  # the data are not of that kind


def test_what_is_not_checked_is_quoted_with_a_reason():
    reason = "not checked: a \\in A, because A is no set of numbers"
    comment = f"<!-- inline equations\n{reason}\n-->\n"
    (result,) = check_text(comment + "Any $a \\in A$ will do.\n")
    assert (result.status, result.excused) == (SETTING, 1)
    (changed,) = check_text(comment + "Any $a \\in B$ will do.\n")
    assert changed.status == FAILED


def test_what_is_false_on_purpose_must_be_false():
    comment = "<!-- inline equations\nfalse s = 2 x_1\n-->\n"
    (result,) = inline(comment + "Some say $s = 2 x_1$.\n")
    assert result.status == CHECKED
    comment = comment.replace("2 x_1", "x_1 + x_2 + x_3 + x_4")
    (result,) = inline(comment + "Some say $s = x_1 + x_2 + x_3 + x_4$.\n")
    assert result.status == FAILED
    assert "said to be false, and holds" in result.reason


def test_an_error_points_at_the_formula():
    (result,) = inline("Two lines,\nthen $s = \\foo$.\n")
    assert result.reason.startswith("page.md:11:11: \\foo is not read here")


def test_a_paragraph_may_speak_of_the_display_below():
    comment = "<!-- inline equations\nas below\n-->\n"
    text = comment + "The sum $s \\le 4 \\max_i x_i$ is\n\n" + DISPLAYED
    first, second = check_text(text)
    assert (first.status, second.status) == (CHECKED, CHECKED), first.reason


def test_what_is_quoted_or_only_a_sign_states_nothing():
    text = '<q lang="en">They say $s = 7$.</q> The sign $\\approx$ is another.\n'
    assert inline(text) == []


def test_equal_indices_are_a_condition():
    given = "<!-- equation\nD = np.eye(3)\n-->\n$$\nD_{ij} = D_{ji}\n$$\n\n"
    right, wrong = inline("It is $D_{km} = 1$ if $k = m$.\n\n$D_{km} = 1$.\n", given)
    assert (right.status, wrong.status) == (CHECKED, FAILED), right.reason


def test_a_setting_reaches_the_arguments_of_a_given_function():
    given = (
        "<!-- equation\nq = rng.uniform()\np = rng.uniform()\n"
        "D(p, q) = (p - q) ** 2\n-->\n$$\nD(p, q) > 0\n$$\n\n"
    )
    right, wrong = inline("$D(p, q) = 0$ for $q = p$.\n\n$D(p, q) = 0$.\n", given)
    assert (right.status, wrong.status) == (CHECKED, FAILED), right.reason


def test_a_changed_number_is_as_precise_as_it_is_shown():
    (result,) = inline("So $\\ln 10 \\approx 2.303$.\n")
    assert result.status == CHECKED
    assert result.survivors == ()


ARRAY = "v = rng.normal(size=6)\nr = np.maximum(v, 0)\ns = np.abs(v).sum()\nn = 6"


@pytest.mark.parametrize(
    ("comment", "text", "reason"),
    [
        (ARRAY, "For $v > 0$ it is $r = v$, and $s > n - 6$.", ""),
        (ARRAY, "For $v > 0$ it is $r = 2 v$, and $s > n - 6$.", "disagree at entry"),
        (ARRAY, "It is $r \\ge v$. For $v > 0$ it is $s = s + n$.", "at no index"),
        ("v = rng.normal()\nq = v**3", "For $v < 0$ it is $q < 0$.", ""),
        ("v = rng.normal()\nq = v**3", "For $v < 0$ it is $q > 0$.", "disagree"),
        ("v = rng.normal()", "Let $q = v^3$ and $s = 2 q$. If $v < 0$, $s < 0$.", ""),
        ("v = rng.normal()\nw = 2.0", "For $v < 0$ it is $w < 3$.", "v < 0"),
    ],
)
def test_conditions_restrict_what_hangs_on_them(comment, text, reason):
    (result,) = check_text(f"<!-- inline equations\n{comment}\n-->\n{text}\n")
    assert reason in result.reason
    assert (result.status == "failed") == bool(reason)

"""Boundaries of conditions and bounds, sizes, and numbers that happen to be 1."""

from __future__ import annotations

import pytest

from eqcheck import check_text

CONV = """H = int(rng.integers(12, 30))
k = int(rng.integers(2, 5))
s = int(rng.integers(2, 6))
O = (H - k) // s + 1"""
HUBER = """y = rng.normal(size=5)
\\delta = 0.7
L = standin.huber(y, 0 * y, delta)"""
SOFT = """w = np.array([2.0, -2.0, 0.3, -0.3]) + 0.2 * rng.uniform(size=4)
t = 0.7
g = rng.normal(size=4)
S = standin.soft_threshold(w, t)"""


def page_text(comment, latex):
    return f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n"


def run(comment, latex, name="page.md"):
    (result,) = check_text(page_text(comment, latex), name)
    return result


STEP = "z = rng.normal(size=5)\nr = standin.relu_backward(np.ones(5), z)"
CASES = "\\begin{{cases}} 1 & {} \\\\ 0 & {} \\end{{cases}}"


@pytest.mark.parametrize(
    ("comment", "right", "wrong"),
    [
        (STEP, "r_i = [z_i > 0]", "r_i = [z_i \\ge 0]"),
        (
            STEP,
            "r_i = " + CASES.format("z_i > 0", "z_i \\le 0"),
            "r_i = " + CASES.format("z_i \\ge 0", "z_i < 0"),
        ),
        (STEP, "r_i = [0 < z_i]", "r_i = [z_i > 0.003]"),
        (
            SOFT + "\nL = np.sum(g * S)\n"
            "check \\frac{\\partial L}{\\partial w} ="
            " standin.soft_threshold_backward(g, w, t)",
            "\\frac{\\partial L}{\\partial w_j} = g_j [|w_j| > t]",
            "\\frac{\\partial L}{\\partial w_j} = g_j [|w_j| \\ge t]",
        ),
        ("x = rng.normal(size=4)", "x_i^2 \\ge 0", "x_i^2 > 0"),
    ],
)
def test_a_boundary_on_the_wrong_side_is_seen(comment, right, wrong):
    found = run(comment, right)
    assert found.status == "checked", found.reason
    assert found.survivors == ()
    found = run(comment, wrong)
    assert found.status == "failed"
    assert "where the first entry of" in found.reason or "0.003" in wrong


def test_a_hole_is_an_error():
    latex = "r_i = \\begin{cases} 1 & z_i > 0 \\\\ 0 & z_i < 0 \\end{cases}"
    found = run(STEP, latex)
    assert found.status == "failed"
    assert "no case applies at z = 0" in found.reason
    latex = "r_i = \\begin{cases} 1 & z_i > 0 \\\\ 0 & z_i \\le 0 \\end{cases}"
    assert run(STEP, latex).status == "checked"


def test_a_continuous_function_may_have_its_boundary_on_either_side():
    for sign in ("\\le", "<"):
        latex = (
            "L = \\frac{1}{5} \\sum_i \\begin{cases} \\frac12 y_i^2 & |y_i| "
            + sign
            + " \\delta \\\\ \\delta (|y_i| - \\frac{\\delta}{2}) & \\text{otherwise}"
            " \\end{cases}"
        )
        found = run(HUBER, latex)
        assert found.status == "checked", found.reason
        assert found.survivors == ()


@pytest.mark.parametrize("seed", range(12))
def test_a_formula_for_a_size_holds_at_many_sizes(seed):
    name = f"page{seed}.md"
    right = "O = \\left\\lfloor \\frac{H - k}{s} \\right\\rfloor + 1"
    found = run(CONV, right, name)
    assert found.status == "checked"
    assert found.survivors == ()
    wrong = "O = \\left\\lfloor \\frac{H - k + 1}{s} \\right\\rfloor + 1"
    assert run(CONV, wrong, name).status == "failed"
    literal = "H, k, s = 27, 3, 2\nO = (H - k) // s + 1"
    assert run(literal, right, name).status == "checked"
    found = run(literal, wrong.replace("+ 1}", "+ 0 k + 1}"), name)
    assert found.status == "failed"
    assert "at other whole numbers" in found.reason


def test_sizes_that_were_written_down_are_left_alone():
    comment = "s = 3\na = np.array([0, 0, 0, 1, 1, 1, 2])\na starts at 0\nt in 0..6"
    assert run(comment, "a_t = \\lfloor t / s \\rfloor").status == "checked"


@pytest.mark.parametrize(
    ("comment", "latex"),
    [
        ("n = 1\nx = rng.normal(size=3)\ny = x / n", "y_i = n x_i"),
        ("n = 1\nx = rng.normal(size=3)\ny = n * x", "y_i = n^2 x_i"),
        ("c = 1.0\nx = rng.normal(size=3)\ny = c * x", "y_i = c^2 x_i"),
    ],
)
def test_a_number_that_happens_to_be_1_is_named(comment, latex):
    assert run(comment, latex).survivors


def test_a_symbol_in_place_of_another():
    comment = "x = rng.normal()\ny = rng.normal()\nf = x * y"
    latex = "f = x y \\\\ \\frac{\\partial f}{\\partial x} = y"
    found = run(comment, "\\begin{aligned}" + latex + "\\end{aligned}")
    assert found.mutants == found.caught > 0
    tame = run("x = 2.0\ny = 2.0\nf = x * y", "f = x y")
    assert any("y became x" in survivor for survivor in tame.survivors)
    # what is always the same may stand for the other
    same = run("x = rng.normal()\ny = 1 * x\nf = x * x", "f = x y")
    assert not [s for s in same.survivors if "x became y" in s]


def test_a_bound_that_the_data_are_far_from_is_named():
    far = run("x = 3 + rng.uniform(size=4)", "\\frac{1}{x_i^2} \\le 4")
    assert far.status == "checked"
    assert any("<= tightened by 10%" in survivor for survivor in far.survivors)
    near = run("x = rng.uniform(0.5, 0.51, size=4)", "\\frac{1}{x_i^2} \\le 4")
    assert near.survivors == ()


def test_a_looser_bound_is_no_error_and_no_form():
    found = run("x = rng.uniform(size=40)", "x_i (1 - x_i) \\le \\frac{1}{4}")
    assert found.status == "checked"
    assert not [s for s in found.survivors if "1 became" in s]


def test_strictness_that_is_never_decided_does_not_count():
    found = run("x = rng.normal(size=4)", "e^{x_i} \\ge 0")
    assert not [s for s in found.survivors if "became >" in s]

"""Symbols given for nothing, and definitions that nothing relies on."""

from __future__ import annotations

import re

from eqcheck import check_text

HUBER = """\
<!-- equation
r = rng.normal(size=3)
L_{{\\mathrm{{Huber}}}} = np.sum(r ** 2) / 2
-->
$$
{} = \\frac{{1}}{{{}}} \\sum_i r_i^2
$$
"""


def equation(comment: str, latex: str) -> str:
    return f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n\n"


def test_a_misspelt_left_side_is_no_definition_without_a_word():
    (right,) = check_text(HUBER.format("L_{\\mathrm{Huber}}", 2))
    assert right.status == "checked"
    (wrong,) = check_text(HUBER.format("L_{\\mathrm{Hub}}", 3))
    assert wrong.status == "failed"
    assert wrong.reason == (
        "page.md:3: L_{Huber} is given here but does not stand in this equation or any"
        " below; did you mean it by L_{Hub} in line 6?"
    )


def test_a_definition_that_nothing_uses_says_what_it_may_have_been():
    text = equation("loss_a = 3.0\nx = loss_a", "x = 3")
    text += equation("\\hat y = 2.0\ny = 1.0", "\\hat y = 2 y, \\quad \\hat{yy} = 2 y")
    _, result = check_text(text)
    assert result.reason.startswith(
        "page.md:14:21: \\hat{yy} is defined here, but nothing asserts anything with it"
        "; did you mean \\hat{y}, given in line 10?\n    \\hat y"
    )


def test_what_stands_below_counts_and_what_is_given_anew_does_not():
    later = equation("x = 2.0\ny = 3.0", "y = 3") + equation("", "x = 2")
    assert [r.status for r in check_text(later)] == ["checked", "checked"]
    anew = equation("x = 2.0\ny = 3.0", "y = 3") + equation("x = 4.0", "x = 4")
    first, second = check_text(anew)
    assert "page.md:2: x is given here but" in first.reason
    assert second.status == "checked"
    forgotten = equation("x = 2.0\ny = 3.0", "y = 3") + equation("new x", "x = y = 3")
    assert "x is given here but" in check_text(forgotten)[0].reason


def test_what_the_python_of_a_shown_symbol_reads_is_shown():
    chain = "n = 3\nsize = (n, 2)\nX = rng.normal(size=size)"
    (result,) = check_text(equation(chain, "X_{ij} = X_{ij} + 0"))
    assert result.status == "checked"
    (result,) = check_text(equation(chain + "\ny = X[0]", "1 + 1 = 2"))
    assert "page.md:2: n is given here but" in result.reason
    for user in ("i in 1..n", "check x = n - 1.0"):
        (result,) = check_text(equation(f"n = 3\nx = 2.0\n{user}", "x = 2 + 0 i"))
        assert "is given here" not in result.reason


def test_each_of_several_functions_and_layers():
    functions = "x = 2.0\nf(x) = x + 1\nf(x, y) = x + y"
    (result,) = check_text(equation(functions, "f(x) = 3"))
    assert "page.md:4: f is given here but" in result.reason
    (result,) = check_text(equation(functions, "f(x) = 3, \\quad f(x, x) = 4"))
    assert result.status == "checked"
    layers = "W = [np.ones((1, 2)), np.ones((2, 1))]"
    (result,) = check_text(equation(layers, "W^{(1)} W^{(2)} = 2"))
    assert result.status == "checked"


def test_inline_formulas_count():
    inline = "<!-- inline equations -->\nSo $x = 2$ holds.\n"
    assert check_text(equation("x = 2.0", "1 = 1") + inline)[0].status == "checked"


def test_an_equation_that_cannot_be_read_may_have_shown_it():
    first, second = check_text(equation("x = 2.0", "1 = 1") + equation("", "a = \\foo"))
    assert (first.status, second.status) == ("checked", "failed")


def test_a_definition_on_the_same_line_is_relied_on():
    row = "z = 2 x, \\quad z - x = x"
    (result,) = check_text(equation("x = rng.normal()", row))
    assert (result.status, result.definitions, result.assertions) == ("checked", 1, 1)


def test_an_error_stands_where_the_definition_stands():
    text = equation(
        "x = rng.normal(size=3)\nv = x + 1", "s = 1 + x^\\top v, \\quad s = s"
    )
    text += equation("v = rng.normal(size=4)", "2 s = s + s")
    first, second = check_text(text)
    assert first.status == "checked"
    lines = second.reason.splitlines()
    assert lines[0].startswith("page.md:6:9: "), lines
    assert lines[1:4] == [
        "    s = 1 + x^\\top v, \\quad s = s",
        "            ^",
        "used at page.md:13",
    ]


def test_an_error_in_a_function_stands_there_too():
    text = equation("x = rng.normal(size=3)", "f(t) = t^\\top x, \\quad f(x) = f(x)")
    text += equation("w = rng.normal(size=4)", "f(w) = 1")
    _, second = check_text(text)
    assert second.reason.startswith("page.md:5:8: "), second.reason
    assert "used at page.md:12" in second.reason


def test_without_trials_an_excuse_is_no_error():
    tame = "y = np.eye(3)[1]\nx = np.eye(3)[1]"
    (result,) = check_text(equation(tame, "x_i = y_i^2"))
    what = re.search(r"line \d+: (.+) \(column", result.survivors[0])[1]
    text = equation(f"{tame}\nunnoticed {what}, because y is tame", "x_i = y_i^2")
    (slow,) = check_text(text)
    (fast,) = check_text(text, trials=False)
    assert (slow.status, fast.status) == ("checked", "checked")
    assert (fast.mutants, fast.comparisons) == (0, 9)
    assert slow.mutants


def test_a_function_used_on_the_line_of_its_definition_is_used():
    (result,) = check_text(equation("", "f(x) = x^2, \\quad y = f(3) = 9"))
    assert result.status == "checked"
    assert result.caught == result.mutants >= 7
    (result,) = check_text(equation("", "f(x) = x^2, \\quad y = 3^2 = 9"))
    assert "f is defined here, but nothing asserts anything with it" in result.reason

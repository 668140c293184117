"""What is asserted, what is defined, and what is said about it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eqcheck import check_page, check_text
from eqcheck.outside.report import Result


def only(results):
    (result,) = results
    return result


def page(*equations: tuple[str, str]) -> str:
    return "\n".join(f"<!-- equation\n{c}\n-->\n$$\n{e}\n$$\n" for c, e in equations)


def test_a_given_symbol_is_tested_and_the_package_named(check):
    comment = "z = rng.normal(size=4)\np = standin.softmax(z)"
    result = check(comment, "p_k = \\frac{e^{z_k}}{\\sum_j e^{z_j}}")
    assert result.status == "checked"
    assert result.bound == ("softmax",)
    assert result.comparisons == 12  # four entries in three draws
    assert (result.assertions, result.definitions) == (1, 0)


def test_functions_of_the_package_are_named(check):
    comment = "x = rng.normal(size=4)\n\\sigma = standin.sigmoid"
    result = check(comment, "\\sigma(x_i) = \\frac{1}{1 + e^{-x_i}}")
    assert result.bound == ("sigmoid",)
    comment = "p = rng.dirichlet(np.ones(3))\nH(p) = standin.entropy(p)"
    assert check(comment, "H(p) = -\\sum_k p_k \\ln p_k").bound == ("entropy",)


def test_check_holds_an_expression_against_python(check):
    comment = "z = rng.normal(size=4)\ny = np.eye(4)[1]\n"
    latex = (
        "L = \\ln \\sum_k e^{z_k} - \\sum_k y_k z_k, \\quad"
        "\\frac{\\partial L}{\\partial z_i} = \\frac{e^{z_i}}{\\sum_k e^{z_k}} - y_i"
    )
    right = "check \\frac{\\partial L}{\\partial z} = standin.softmax(z) - y"
    result = check(comment + right, latex)
    assert result.status == "checked"
    assert result.bound == ("softmax",)
    wrong = "check \\frac{\\partial L}{\\partial z} = standin.softmax(z) + y"
    result = check(comment + wrong, latex)
    assert result.status == "failed"
    assert "disagree at entry 2" in result.reason


def test_several_draws_are_made(check):
    # true for the first draw's sign only by luck
    comment = "x = rng.normal(size=9)\ns = np.sign(x)"
    assert check(comment, "s_i = 1").status == "failed"
    assert check(comment, "s_i^2 = 1").comparisons == 3 * 9


def test_draws_differ_between_equations_and_not_between_runs():
    text = page(("x = rng.normal()", "x = 0"))
    first, again = only(check_text(text, "a.md")), only(check_text(text, "a.md"))
    assert first == again
    other = only(check_text(text.replace("rng", "1 * rng"), "a.md"))
    assert first.reason != other.reason


def test_a_definition_counts_when_something_relies_on_it():
    first, second = check_text(
        page(
            ("x = rng.normal(size=3)", "L = \\sum_i x_i^2"),
            ("", "\\frac{\\partial L}{\\partial x_i} = 2 x_i"),
        )
    )
    assert first.status == "definition"
    assert first.used_by == (second.line + 1,)
    assert f"used by line {second.line + 1}" in first.reason
    assert (first.comparisons, second.comparisons) == (0, 9)
    alone = only(check_text(page(("x = 1.0", "L = x^2"))))
    assert alone.status == "failed"
    assert "L is defined here, but nothing asserts anything with it" in alone.reason


def test_use_through_another_definition_counts():
    first, *_ = check_text(
        page(
            ("x = rng.normal(size=3)", "a_i = x_i^2"),
            ("", "L = \\sum_i a_i"),
            ("", "L = x^\\top x"),
        )
    )
    assert first.status == "definition"


def test_each_equality_of_a_chain_is_asserted(check):
    comment = "x = rng.normal(size=3)\nn = 3"
    rows = "s = \\sum_i x_i^2 = x^\\top x {} \\|x\\|^2"
    assert check(comment, rows.format("=")).comparisons == 6
    assert check(comment, rows.format("= 2")).status == "failed"
    result = check(
        comment, "\\begin{aligned} s &= x_1 \\\\ &= x_1 + 0 \\\\ &= x_2 \\end{aligned}"
    )
    assert result.status == "failed"
    assert "x_2" in result.reason


def test_rows_continue(check):
    comment = "a, b, c = rng.normal(size=3)"
    latex = """\\begin{aligned}
a + b + c &= a + b \\\\
&\\quad + c \\\\
&\\le a + b + c + 1, \\\\
a - b &= -(b - a).
\\end{aligned}"""
    result = check(comment, latex)
    assert result.status == "checked", result.reason
    assert result.comparisons == 9


def test_defined_twice_is_asserted(check):
    latex = "L = x^2, \\quad L = x \\cdot x"
    assert check("x = 3.0", latex).comparisons == 3
    latex = "L = x^2, \\quad L = 2 x"
    assert check("x = 3.0", latex).status == "failed"


def test_the_functions_of_latex_are_not_defined_by_accident(check):
    comment = "A = np.eye(2)\nsample x = np.array([1.0, 3.0])"
    for latex in (
        "\\operatorname{tr}(A) = 2",
        "\\operatorname{Var}[x] = 1",
        "\\mathbb{E}[x] = 2",
        "\\pi = \\pi",
    ):
        assert check(comment, latex).comparisons == 3, latex
    assert check(comment, "\\operatorname{tr}(A) = 3").status == "failed"


def test_new_forgets():
    first, second = check_text(
        page(
            ("x = 3.0", "L = x^2, \\quad L = 9"),
            ("new L", "L = x^3, \\quad L = 27"),
        )
    )
    assert (first.status, second.status) == ("checked", "checked")
    _, second = check_text(page(("x = 3.0", "L = x^2"), ("", "L = x^3")))
    assert second.status == "failed"


def test_symbols_stay_known_until_given_anew():
    results = check_text(
        page(
            ("x = rng.normal(size=3)", "s = \\sum_i x_i"),
            ("", "s = x_1 + x_2 + x_3"),
            ("x = rng.normal(size=2)", "s = x_1 + x_2"),
            ("s = 5.0", "s = 5"),
        )
    )
    assert [result.status for result in results] == ["definition", *["checked"] * 3]


def test_layers_are_asserted_one_by_one(check):
    comment = "W = [rng.normal(size=(2, 3)), rng.normal(size=(3, 4))]\nn = [2, 3, 4]"
    result = check(comment, "W^{(l)}_{ij} = W^{(l)}_{ij} + 0")
    assert result.comparisons == 3 * (6 + 12)
    result = check(comment, "W^{(l)}_{ij} = W^{(l)}_{ij} + l - 1")
    assert "disagree at l = 2, i = 1, j = 1" in result.reason


def test_conditions_restrict(check):
    comment = "A = rng.normal(size=(3, 3))\nS = A * (1 - np.eye(3))"
    for condition in (
        "\\quad \\text{for } i \\ne j",
        "\\quad (i \\ne j)",
        ", \\quad i \\ne j",
    ):
        result = check(comment, "S_{ij} = A_{ij}" + condition)
        expected = "failed" if condition.startswith(",") else "checked"
        assert result.status == expected, condition
    latex = "i \\ne j \\implies S_{ij} = A_{ij}"
    assert check(comment, latex).status == "checked"
    latex = "S_{ij} = A_{ij} \\quad \\text{for } i = 1, \\dots, 2 \\text{ and } j = 3"
    assert check(comment, latex).status == "checked"
    latex = "A_{ij} = 1 \\quad \\text{for } i = j \\text{ and } i > 3"
    result = check(comment, latex)
    assert result.status == "failed"
    assert "holds at no index" in result.reason


def test_iff_asserts_both_directions(check):
    comment = "x = np.array([-1.0, 0.0, 2.0])\ny = np.maximum(x, 0)"
    assert check(comment, "x_i > 0 \\iff y_i > 0").status == "checked"
    assert check(comment, "x_i \\ge 0 \\iff y_i \\ge 0").status == "failed"
    assert check(comment, "x_i \\ge 0 \\implies y_i \\ge 0").status == "checked"


RELATIONS = [
    ("1 < 2 \\le 2 < 3", True),
    ("2 < 2", False),
    ("2 + 10^{-14} > 2", False),  # not above rounding
    ("3 \\ge 3 > 2 \\ne 1", True),
    ("2 \\ne 2", False),
    ("A B \\ne B A", True),
    ("A \\ne A", False),
    ("x_i \\ne x_i + 1", True),
    ("A = A + 10^{-6}", False),
    ("x \\in \\mathbb{R}^3", True),
    ("x \\in \\mathbb{R}^4", False),
    ("X \\in \\mathbb{R}^{5 \\times 3}", True),
    ("X \\in \\mathbb{R}^{3 \\times 5}", False),
    ("X \\in \\mathbb{R}^{n \\times d}, \\quad n = 5, \\quad d = 3", True),
    ("X \\in \\mathbb{R}^{n \\times d}, \\quad n = 3", False),
    ("x_i \\in (0, 1)", True),
    ("x_i \\in (0.5, 1)", False),
    ("1 \\in [0, 1]", True),
    ("1 \\in [0, 1)", False),
    ("1 \\notin [0, 1)", True),
    ("0 \\in (0, 1)", False),
    ("0 \\in [0, 1)", True),
    ("x_i \\in \\mathbb{R}_{>0}", True),
    ("-1 \\in \\mathbb{R}_{\\ge 0}", False),
    ("k \\in \\{1, \\dots, 3\\}", True),
    ("k \\in \\{1, 3\\}", False),
    ("2.5 \\in \\mathbb{Z}", False),
    ("0 \\in \\mathbb{N}", True),
    ("B^{-1} B = \\operatorname{diag}(\\mathbf{1}_2)", True),
    ("A - A = 0", True),
    ("A = 3", False),
]


@pytest.mark.parametrize(("latex", "holds"), RELATIONS)
def test_relation(check, latex, holds):
    comment = (
        "A = rng.normal(size=(2, 2))\nB = rng.normal(size=(2, 2))\nk = 2\n"
        "X = rng.normal(size=(5, 3))\nx = np.array([0.2, 0.4, 0.9])"
    )
    result = check(comment, latex)
    assert result.status == ("checked" if holds else "failed"), result.reason


def test_approx_uses_the_stated_tolerance(check):
    given = "a = 3.14\ntolerance = "
    assert check(given + "1e-2", "\\pi \\approx a").status == "checked"
    assert check(given + "1e-4", "\\pi \\approx a").status == "failed"
    # and only there
    assert check(given + "1e-2", "\\pi = a").status == "failed"


def test_a_mean_of_draws_needs_no_tolerance(check):
    comment = "sample x = rng.normal(size=1000)"
    assert check(comment, "\\mathbb{E}[x] = 0").status == "checked"
    assert check(comment, "\\mathbb{E}[x] = 1").status == "failed"


def test_not_a_number_is_no_agreement(check):
    assert check("x = 0.0", "\\frac{x}{x} = \\frac{x}{x}").status == "failed"
    assert check("x = 0.0", "\\frac{x}{x} \\ne 1").status == "failed"
    assert check("x = -1.0", "\\ln x = \\sqrt{x}").status == "failed"
    assert check("x = 0.0", "-\\ln x = \\infty").status == "checked"
    assert check("x = 0.0", "-\\ln x = 5").status == "failed"


def test_small_entries_count(check):
    comment = "x = np.array([1e3, 1e-4])"
    assert check(comment, "x_i = x_i (1 + 10^{-11})").status == "checked"
    assert check(comment, "x_i = x_i [i = 1] + 2 x_i [i = 2]").status == "failed"


def test_a_failure_tells_all(check):
    comment = "W = rng.normal(size=(2, 3))\nb = 1.0\nf = np.tanh"
    latex = "\\begin{aligned}\nV_{ij} &= W_{ij} + b \\\\\nV_{ij} &= W_{ij} - b [j = 2]"
    latex += " + b [j \\ne 2] + f(b) - f(b)\n\\end{aligned}"
    reason = check(comment, latex).reason
    head, shown, left, right, _, *symbols = reason.splitlines()
    assert head == "page.md:9: the two sides of this = disagree at i = 1, j = 2"
    assert shown.strip().startswith("V_{ij} &= W_{ij} - b")
    assert float(left.split()[1]) - float(right.split()[1]) == pytest.approx(2)
    assert [line.split(maxsplit=1) for line in symbols] == [
        ["W", "(2, 3)"],
        ["b", "a number"],
        ["f", "a function"],
        ["V", "defined in line 8"],
    ]


def test_indented_equations_keep_their_place():
    lines = "<!-- equation", "x = 2.0", "-->", "$$", "x = \\foo", "$$"
    text = "!!! note\n\n" + "".join(f"    {line}\n" for line in lines)
    result = only(check_text(text, "page.md"))
    assert result.reason.startswith("page.md:7:9: \\foo")


def test_a_broken_checker_fails_one_equation(check, monkeypatch):
    from eqcheck.evaluate import evaluator as evaluate

    def broken(*_):
        raise TypeError("oh")

    monkeypatch.setitem(evaluate._METHODS, evaluate.Norm, broken)
    result = check("x = 1.0", "\\|x\\| = 1")
    assert result.status == "failed"
    assert "TypeError: oh" in result.reason


def test_cache(tmp_path, monkeypatch):
    import eqcheck as checker

    path = tmp_path / "page.md"
    path.write_text(page(("x = 3.0", "x^2 = 9")), encoding="utf-8")
    found = check_page(path, cache=tmp_path / "cache")
    assert found == check_page(path)
    with monkeypatch.context() as patch:
        patch.setattr(checker, "check_text", lambda *_: pytest.fail("not kept"))
        assert check_page(path, cache=tmp_path / "cache") == found
    path.write_text(page(("x = 3.0", "x^2 = 8")), encoding="utf-8")
    assert only(check_page(path, cache=tmp_path / "cache")).status == "failed"
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the older one is gone
    for kept in (tmp_path / "cache").iterdir():
        kept.write_text("not json", encoding="utf-8")
    assert only(check_page(path, cache=tmp_path / "cache")).status == "failed"


def test_results_survive_json():
    result = Result(
        3,
        5,
        "checked",
        against=("standin.softmax",),
        survivors=("a", "b"),
        used_by=(7,),
    )
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_no_warning_leaves_the_checker(check, recwarn):
    check(
        "x = np.array([-1.0, 0.0])", "\\sqrt{x_i} = \\frac{1}{x_i} = \\ln x_i = e^{999}"
    )
    assert not recwarn.list
    assert np.geterr()["divide"] == "warn"


def test_a_layer_that_is_not_given_is_defined_and_not_compared_with_itself(check):
    comment = "W^{(1)} = rng.normal(size=(2, 3))"
    result = check(comment, "W^{(2)}_{ij} = W^{(1)}_{ij} + 1")
    assert (result.status, result.comparisons) == ("not checked", 0)
    result = check(comment, "W^{(1)}_{ij} = W^{(1)}_{ij} + 1")
    assert result.status == "failed"


def test_the_mean_is_over_all_that_is_random(check):
    comment = "sample x = np.array([0.0, 2.0])\nsample y = np.array([2.0, 4.0])"
    assert check(comment, "\\mathbb{E}_{x, y}[x y] = 4").status == "checked"
    assert "what about y?" in check(comment, "\\mathbb{E}_x[x y] = 4").reason
    assert "what about z?" in check(comment, "\\mathbb{E}_z[x y] = 4").reason

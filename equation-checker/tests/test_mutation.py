"""Changed forms of equations, and whether they are noticed."""

from __future__ import annotations

import pytest

from eqcheck import check_text, open_page, read_text
from eqcheck.check.mutate import mutations
from eqcheck.check.page import read_expression
from eqcheck.latex.names import Names
from eqcheck.outside.config import Config


def page_text(comment, latex):
    return f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n"


CHANGES = [
    ("a + b", {"sign of term 1", "sign of term 2", "term 1 dropped", "term 2 dropped"}),
    ("-a", {"sign of term 1"}),
    ("a b", {"factor 1 dropped", "factor 2 dropped"}),
    ("\\frac{a}{b}", {"fraction turned over"}),
    ("a^2", {"exponent dropped", "2 became 3"}),
    ("e^{a}", {"exponent dropped", "sign of the exponent"}),
    ("x_{ij}", {"indices exchanged", "index i became j", "index j became i"}),
    ("\\sum_{k=1}^{n} a", {"\\sum became \\prod", "upper bound less 1", "1 became 2"}),
    ("\\max_k x_k", {"\\max became \\min"}),
    ("\\max(a, b)", {"max became min"}),
    ("\\ln a", {"ln became exp"}),
    ("a \\odot b", {"\\odot became +"}),
    ("a^\\top", {"transpose dropped"}),
    ("\\sqrt{a}", {"root dropped"}),
    ("\\tanh'(a)", set()),
    ("[i = j]", {"condition reversed"}),
    ("\\begin{cases} a & i > 1 \\\\ b & i \\le 1 \\end{cases}", {"cases exchanged"}),
]


@pytest.mark.parametrize(("latex", "expected"), CHANGES)
def test_changes(latex, expected):
    node = read_expression(latex, Names(), 1)
    found = dict(mutations(node, ("i", "j")))
    kinds = {what.partition(" (column")[0] for what in found}
    assert expected <= kinds
    assert node not in found.values()


def test_a_sum_that_is_tested_well_notices_everything():
    text = page_text(
        "x = rng.normal(size=(4, 3))\ny = rng.normal(size=3)\nz = x @ y",
        "z_i = \\sum_{j=1}^{3} x_{ij} y_j",
    )
    (result,) = check_text(text)
    assert result.mutants >= 8
    assert result.caught == result.mutants
    assert result.survivors == ()


def test_tame_data_are_found_out():
    latex = "L = -\\sum_{k=1}^{4} y_k \\ln p_k"
    given = "p = rng.dirichlet(np.ones(4))\nL = -np.sum(y * np.log(p))"
    (tame,) = check_text(page_text("y = np.eye(4)[1]\n" + given, latex))
    assert tame.caught < tame.mutants
    assert all(survivor.startswith("line 7: ") for survivor in tame.survivors)
    assert any("upper bound less 1" in survivor for survivor in tame.survivors)
    (wild,) = check_text(page_text("y = rng.dirichlet(np.ones(4))\n" + given, latex))
    assert wild.caught == wild.mutants == tame.mutants
    (one,) = check_text(
        page_text("n = 1\nx = rng.normal(size=n)\na = 2 / n", "a = \\frac{2}{n}")
    )
    assert one.survivors == ()  # `n` is a whole number: nothing else can be tried


def test_equal_dimensions_and_symmetry_are_found_out():
    latex = "y = A x"
    given = "x = rng.normal(size=3)\ny = A @ x"
    (result,) = check_text(
        page_text(f"A = np.diag([1.0, 2, 3])\n{given}", "y = A^\\top x")
    )
    assert [s for s in result.survivors if "transpose dropped" in s]
    (result,) = check_text(page_text(f"A = rng.normal(size=(3, 3))\n{given}", latex))
    assert result.survivors == ()


def test_changed_definitions_are_noticed_by_what_uses_them():
    text = (
        page_text("x = rng.normal(size=3)", "L = \\sum_i x_i^2 + 5")
        + "\n"
        + page_text("", "\\frac{\\partial L}{\\partial x_i} = 2 x_i")
    )
    first, second = check_text(text)
    assert second.caught == second.mutants
    assert first.mutants > first.caught  # the constant 5 has no derivative
    assert {s.split(": ")[1].partition(" (")[0] for s in first.survivors} >= {
        "term 2 dropped",
        "5 became 6",
    }


def test_equivalent_forms_do_not_count():
    (result,) = check_text(page_text("x = rng.normal(size=3)", "x_i + x_i = 2 x_i"))
    # dropping either term, exchanging nothing: each that counts is noticed
    assert result.caught == result.mutants
    (result,) = check_text(page_text("x = rng.normal()", "x^1 = x"))
    assert not [s for s in result.survivors if "exponent dropped" in s]


def test_inequalities_are_turned_round():
    (result,) = check_text(page_text("x = rng.normal(size=3)", "x_i^2 \\ge 0"))
    assert result.mutants == result.caught > 1
    (result,) = check_text(page_text("x = np.ones(3)", "x_i \\ge 1"))
    assert any(">= became <=" in survivor for survivor in result.survivors)


def test_orders_are_changed_too():
    comment = (
        "x = rng.normal(size=3)\nf = np.sin\nsequence h = 10.0 ** -np.arange(1, 4)"
    )
    latex = "\\frac{f(x_i + h) - f(x_i)}{h} = f'(x_i) + O(h)"
    (result,) = check_text(page_text(comment, latex))
    assert result.status == "checked"
    assert result.caught == result.mutants > 5


def test_layers_that_would_run_away_are_caught():
    comment = (
        "X = rng.normal(size=(5, 3))\n"
        "W = [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]"
    )
    latex = """\\begin{aligned}
A^{(0)} &= X, \\quad A^{(l)} = A^{(l-1)} W^{(l)} \\\\
A^{(2)} &= X W^{(1)} W^{(2)}
\\end{aligned}"""
    (result,) = check_text(page_text(comment, latex))
    assert result.status == "checked"
    assert result.caught == result.mutants


def test_a_reason_can_be_given_and_goes_stale():
    comment = "x = np.ones(3)\nunnoticed >= became <=, because the bound is attained"
    (result,) = check_text(page_text(comment, "x_i \\ge 1"))
    assert result.survivors == ("line 6: >= became <=, because the bound is attained",)
    (result,) = check_text(page_text(comment, "x_i \\ge 0"))
    assert result.status == "failed"
    assert "page.md:3: nothing goes unnoticed as `>= became <=`" in result.reason


def test_forms_that_say_nothing_do_not_count():
    # `c_j = c_j` is no error that could be noticed
    (result,) = check_text(page_text("c = np.full(3, 2.0)", "c_i = c_j"))
    assert not [s for s in result.survivors if "became" in s]


def test_symmetry_is_no_blindness():
    comment = "m = rng.normal(size=(3, 4))\nH = m @ m.T\nx = rng.normal(size=3)\n"
    latex = "g_i = \\sum_j H_{ij} x_j"
    (result,) = check_text(page_text(comment + "g = H @ x", latex))
    assert result.caught == result.mutants


def test_equivalent_definitions_do_not_count():
    text = page_text("x = rng.normal(size=3)", "L = \\frac{1}{1} x^\\top x")
    text += "\n" + page_text("", "\\frac{\\partial L}{\\partial x_i} = 2 x_i")
    first, _ = check_text(text)
    assert first.caught == first.mutants
    text = page_text("", "f(t) = t + t") + page_text("x = 3.0", "f(x) = 6")
    first, _ = check_text(text)
    assert first.status == "definition"
    assert first.caught == first.mutants


def test_a_changed_form_that_is_merely_undecided_is_not_noticed():
    limit = "\\lim_{N \\to \\infty} (1 + \\frac{1}{N})^N = e"
    text = page_text("sequence N = 10.0 ** np.arange(2, 7)", limit)
    (wrong,) = check_text(text.replace("(1", "(2"))
    assert "this is decided to" in wrong.reason
    page = open_page(Config())
    (item,) = (page.read(source) for source in read_text(text))
    tried = {m.description: m.caught for line in item.lines for m in line.mutants}
    assert all(tried.values())
    assert sum(what.startswith("1 became 2") for what in tried) == 1
    assert "1 became 2 (column 22)" not in tried

"""Derivatives: numerical, through definitions, accurate."""

# ruff: noqa: E501 (LaTeX is written as on a page)
from __future__ import annotations

import numpy as np
import pytest

SOFTMAX = """
z = rng.normal(size=4)
y = rng.dirichlet(np.ones(4))
"""
DEFINED = """
p_k &= \\frac{e^{z_k}}{\\sum_{j} e^{z_j}} \\\\
L &= -\\sum_k y_k \\ln p_k \\\\
"""


def aligned(*rows):
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def softmax(*rows):
    return aligned(DEFINED.strip().removesuffix("\\\\").strip(), *rows)


PASSING = [
    (SOFTMAX, softmax("\\frac{\\partial L}{\\partial z_i} &= p_i - y_i")),
    # with respect to a defined symbol: it is the variable
    (SOFTMAX, softmax("\\frac{\\partial L}{\\partial p_k} &= -\\frac{y_k}{p_k}")),
    (
        SOFTMAX,
        softmax("\\frac{\\partial p_k}{\\partial z_i} &= p_k (\\delta_{ki} - p_i)"),
    ),
    # matrix notation: the shape of the body, then that of the variable
    (
        SOFTMAX,
        softmax(
            "\\frac{\\partial p}{\\partial z} &= \\operatorname{diag}(p) - p p^\\top",
            "\\frac{\\partial L}{\\partial z} &= p - y",
            "\\nabla_z L &= p - y",
        ),
    ),
    # second derivatives
    (
        SOFTMAX,
        softmax(
            "\\frac{\\partial^2 L}{\\partial z_i \\partial z_j} &= p_i (\\delta_{ij} - p_j)",
            "\\nabla_z^2 L &= \\operatorname{diag}(p) - p p^\\top",
            "\\frac{\\partial^2 L}{\\partial z_i^2} &= p_i (1 - p_i)",
            "\\frac{\\partial}{\\partial z_j} (p_i - y_i) &= p_i (\\delta_{ij} - p_j)",
        ),
    ),
    # a given symbol that is defined as well does not cut the chain
    (
        SOFTMAX + "p = np.exp(z) / np.exp(z).sum()",
        softmax("\\frac{\\partial L}{\\partial z_i} &= p_i - y_i"),
    ),
    # neither does one that is only given: its Python is followed, helpers too
    (
        SOFTMAX + "powers = np.exp(z)\np = powers / powers.sum()",
        "\\frac{\\partial p_k}{\\partial z_i} = p_k (\\delta_{ki} - p_i)",
    ),
    (
        "W = [rng.normal(size=(2, 3)), rng.normal(size=(3, 4))]\n"
        "f = np.sum(W[0] @ W[1])\n",
        "\\frac{\\partial f}{\\partial W^{(1)}_{ij}} = \\sum_k W^{(2)}_{jk}",
    ),
    # functions
    (
        "x = rng.normal(size=3)\nf = np.tanh",
        "f'(x_i) = 1 - f(x_i)^2, \\quad f''(x_i) = -2 f(x_i) f'(x_i)",
    ),
    (
        "x = rng.normal(size=3)",
        aligned(
            "\\sigma(t) &= \\frac{1}{1 + e^{-t}}",
            "\\sigma'(x_i) &= \\sigma(x_i) (1 - \\sigma(x_i))",
            "\\sigma''(x_i) &= \\sigma'(x_i) (1 - 2 \\sigma(x_i))",
            "\\frac{\\mathrm{d} \\sigma(x_i)}{\\mathrm{d} x_i} &= \\sigma'(x_i)",
            "\\tanh'(x_i) &= 1 - \\tanh^2 x_i",
        ),
    ),
    (
        "w = rng.normal(size=3)\nH = np.array([[2., 1, 0], [1, 3, 1], [0, 1, 4]])",
        aligned(
            "f(w) &= \\tfrac12 w^\\top H w + \\|w\\|_2",
            "\\nabla f(w) &= H w + \\frac{w}{\\|w\\|_2}",
            "\\nabla f(2 w) &= 2 H w + \\frac{w}{\\|w\\|_2}",
            "\\nabla^2 f(w) &= H + \\frac{1}{\\|w\\|} \\left("
            " \\operatorname{diag}(\\mathbf{1}_3) - \\frac{w w^\\top}{\\|w\\|^2} \\right)",
        ),
    ),
    # pieces: absolute value, maximum, cases
    (
        "x = rng.normal(size=5)",
        aligned(
            "\\frac{\\partial |x_i|}{\\partial x_j} &= \\delta_{ij} \\operatorname{sign}(x_i)",
            "\\frac{\\partial}{\\partial x_j} \\max_i x_i &= [x_j = \\max_i x_i]",
            "\\frac{\\partial \\max(0, x_i)}{\\partial x_i} &= [x_i > 0]",
            "h_i &= \\begin{cases} x_i^3 & x_i > 0 \\\\ -x_i & x_i \\le 0 \\end{cases}",
            "\\frac{\\partial h_i}{\\partial x_i}"
            " &= \\begin{cases} 3 x_i^2 & x_i > 0 \\\\ -1 & x_i \\le 0 \\end{cases}",
        ),
    ),
    # matrices
    (
        "X = rng.normal(size=(5, 3))\nW = rng.normal(size=(3, 2))\nG = rng.normal(size=(5, 2))",
        aligned(
            "L &= \\operatorname{tr}(G^\\top X W)",
            "\\frac{\\partial L}{\\partial W} &= X^\\top G",
            "\\frac{\\partial L}{\\partial X} &= G W^\\top",
            "\\frac{\\partial L}{\\partial W_{ij}} &= (X^\\top G)_{ij}",
        ),
    ),
    # by a row, of a row
    (
        "X = rng.normal(size=(5, 3))\nW = rng.normal(size=(3, 2))\nZ = X @ W",
        aligned(
            "\\frac{\\partial Z_i}{\\partial X_i} &= W^\\top",
            "\\frac{\\partial Z}{\\partial X_{1,2}} &= (1, 0, 0, 0, 0) W_2^\\top",
            "\\frac{\\partial Z_{1k}}{\\partial X_1} &= (W^\\top)_k",
        ),
    ),
    (
        "A = rng.normal(size=(3, 3))",
        aligned(
            "\\frac{\\partial \\ln \\left| \\det A \\right|}{\\partial A} &= A^{-\\top}",
            "\\frac{\\partial \\operatorname{tr}(A^{-1})}{\\partial A} &= -(A^{-2})^\\top",
        ),
    ),
    (
        "A = rng.normal(size=(4, 3))\nleft, s, vt = np.linalg.svd(A)",
        "\\frac{\\partial \\|A\\|_2}{\\partial A_{ij}} = \\mathrm{left}_{i1} \\mathrm{vt}_{1j}",
    ),
    # layers by recursion
    (
        "X = rng.normal(size=(5, 3))\n"
        "W^{(1)} = rng.normal(size=(3, 4))\nW^{(2)} = rng.normal(size=(4, 2))",
        aligned(
            "A^{(0)} &= X, \\quad A^{(l)} = \\tanh(A^{(l-1)} W^{(l)})",
            "L &= \\sum_{ij} (A^{(2)}_{ij})^3",
            "\\Delta^{(2)} &= 3 (A^{(2)})^{\\odot 2} \\odot (1 - (A^{(2)})^{\\odot 2})",
            "\\frac{\\partial L}{\\partial W^{(2)}} &= A^{(1)\\top} \\Delta^{(2)}",
            "\\frac{\\partial L}{\\partial W^{(1)}} &= X^\\top"
            " ((\\Delta^{(2)} W^{(2)\\top}) \\odot (1 - (A^{(1)})^{\\odot 2}))",
        ),
    ),
    # single layers that read one another are no circle
    (
        "x = rng.normal(size=3)\nW = rng.normal(size=(3, 2))\n"
        "z^{(1)} = x @ W\na = np.tanh(z_1)\nz^{(2)} = 2 * a",
        aligned(
            "z^{(1)}_j &= \\sum_i x_i W_{ij}, \\quad a_j = \\tanh z^{(1)}_j",
            "z^{(2)}_j &= 2 a_j, \\quad L = \\sum_j (z^{(2)}_j)^2",
            "\\frac{\\partial L}{\\partial x_i} &= \\sum_j 8 a_j (1 - a_j^2) W_{ij}",
        ),
    ),
]


@pytest.mark.parametrize(("comment", "latex"), PASSING)
def test_holds(check, comment, latex):
    result = check(comment.strip(), latex)
    assert result.status == "checked", result.reason


def test_first_derivatives_are_exact(evaluate):
    comment = "x = np.array([0.3, 1.7, 4.1])"
    x = np.array([0.3, 1.7, 4.1])
    found = evaluate("\\frac{\\partial}{\\partial x_i} e^{\\sin(x_i)} x_i^5", comment)
    exact = np.exp(np.sin(x)) * (np.cos(x) * x**5 + 5 * x**4)
    np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_higher_derivatives_are_accurate(evaluate):
    comment = "x = np.array([0.3, 1.7, 4.1])\nf = np.sin"
    x = np.array([0.3, 1.7, 4.1])
    found = evaluate("\\frac{\\partial^2}{\\partial x_i^2} \\sin(x_i) e^{x_i}", comment)
    np.testing.assert_allclose(found, 2 * np.cos(x) * np.exp(x), rtol=1e-10)
    found = evaluate("\\frac{\\partial^3 \\sin(x_i)}{\\partial x_i^3}", comment)
    np.testing.assert_allclose(found, -np.cos(x), rtol=1e-8)
    np.testing.assert_allclose(evaluate("f'(x_i)", comment), np.cos(x), rtol=1e-10)
    np.testing.assert_allclose(evaluate("f''(x_i)", comment), -np.sin(x), rtol=1e-9)


def test_python_functions_that_spoil_complex_numbers(evaluate):
    comment = "x = np.array([-1.5, 2.0])\nf = lambda t: np.abs(t) ** 3"
    found = evaluate("\\frac{\\partial f(x_i)}{\\partial x_i}", comment)
    np.testing.assert_allclose(found, [-6.75, 12], rtol=1e-10)


def test_a_random_symbol_is_data(check):
    comment = "w = rng.normal()\ny = 2 * w + rng.normal(size=3)\ne = 1 - y"
    latex = "\\frac{\\partial}{\\partial w} \\sum_i (w - y_i)^2 = \\sum_i 2 (w - y_i)"
    assert check(comment, latex).status == "checked"


def test_a_symbol_given_anew_is_another(check):
    comment = "x = 2.0\ny = x ** 2\nx = 3.0"
    assert check(comment, "\\frac{\\partial y}{\\partial x} = 0").status == "checked"
    comment = "x = 2.0\ny = x ** 2"
    assert check(comment, "\\frac{\\partial y}{\\partial x} = 2 x").status == "checked"


def test_a_tie_goes_to_the_first(evaluate):
    comment = "x = np.array([0.0, 0.0])"
    found = evaluate("\\frac{\\partial}{\\partial x_j} \\max(0, x_j)", comment)
    np.testing.assert_array_equal(found, [0, 0])
    found = evaluate("\\frac{\\partial}{\\partial x_j} \\max_i x_i", comment)
    np.testing.assert_array_equal(found, [1, 0])
    found = evaluate("\\frac{\\partial}{\\partial x_j} |x_j|", comment)
    np.testing.assert_array_equal(found, [0, 0])


def test_a_consequence_is_no_definition(check):
    # x = ln p + c follows from p = softmax(x), but x is what p is made of
    comment = (
        "x = rng.normal(size=3)\nc = np.log(np.exp(x).sum())\n"
        "p = np.exp(x) / np.exp(x).sum()"
    )
    latex = aligned(
        "p_k &= \\frac{e^{x_k}}{\\sum_j e^{x_j}}",
        "x_k &= \\ln p_k + c",
        "\\frac{\\partial p_k}{\\partial x_i} &= p_k (\\delta_{ki} - p_i)",
        "\\frac{\\partial p_k}{\\partial c} &= 0",
    )
    result = check(comment, latex)
    assert result.status == "checked", result.reason


def test_layers_run_where_everything_exists(check):
    comment = "A = {l: np.full((2, 3), 2.0 ** l) for l in range(4)}"
    result = check(comment, "A^{(l)}_{ij} = 2 A^{(l-1)}_{ij}")
    assert result.comparisons == 3 * 3 * 6
    result = check(comment, "\\sum_l A^{(l)}_{11} A^{(l+1)}_{11} = 2 + 8 + 32")
    assert result.status == "checked", result.reason  # two digits on two short axes
    result = check(comment, "\\sum_l A^{(l)}_{1,1} A^{(l+1)}_{1,1} = 2 + 8 + 32")
    assert result.status == "checked", result.reason

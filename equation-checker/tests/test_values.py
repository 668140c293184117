"""LaTeX snippets and their values."""

from __future__ import annotations

import math

import numpy as np
import pytest

ARRAYS = """
v = np.array([1.0, -2.0, 4.0])
w = np.array([3.0, 0.5, -1.0])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
B = np.array([[2.0, 1.0], [0.0, 3.0]])
S = np.array([[2.0, 1.0], [1.0, 3.0]])
T = np.arange(24.0).reshape(2, 3, 4)
m = np.array([2, 3, 1])
a = 2.0
b = -3.0
n = 3
"""
V, W = np.array([1.0, -2.0, 4.0]), np.array([3.0, 0.5, -1.0])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
B, S = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([[2.0, 1.0], [1.0, 3.0]])
T = np.arange(24.0).reshape(2, 3, 4)

NUMBERS = [
    # arithmetic
    ("1 + 2 - 4", -1),
    ("2 a b", -12),
    ("2 \\cdot 3 + 4", 10),
    ("-a^2", -4),
    ("(-a)^2", 4),
    ("a^{-2}", 0.25),
    ("2^{3^2}", 512),
    ("\\frac{a}{b}", -2 / 3),
    ("\\frac12", 0.5),
    ("\\tfrac1a", 0.5),
    ("\\frac 1 {10}", 0.1),
    ("a / b", -2 / 3),
    ("6 / 3 \\cdot 2", 4),
    ("1{,}437 + 10\\,000", 11437),
    ("0.25 \\times 10^{-3}", 0.25e-3),
    ("\\sqrt{16} + \\sqrt[3]{8}", 6),
    ("7 \\bmod 4", 3),
    ("\\left( a + b \\right) \\bigl[ a - b \\bigr]", -5),
    ("\\underbrace{a + 1}_{\\text{label}} \\cdot 2", 6),
    ("a \\; b \\, a \\quad", -12),
    # functions
    ("e^{0} + \\exp(0)", 2),
    ("\\ln e + \\log_2 8 + \\log_{10} 100", 6),
    ("\\ln \\frac{1}{e}", -1),
    ("\\ln^2 e^3", 9),
    ("\\tanh(a)^2", math.tanh(2) ** 2),
    ("\\sin \\pi + \\cos 0", 1),
    ("\\sin a \\cos a", math.sin(2) * math.cos(2)),
    ("\\ln \\sum_i e^{v_i}", math.log(np.exp(V).sum())),
    ("\\operatorname{sign}(b)", -1),
    ("\\operatorname{erf}(1)", math.erf(1)),
    ("\\max(a, b) + \\min\\{a, b, 0\\}", -1),
    ("|b|", 3),
    ("|a||b|", 6),
    ("\\left| a - \\left| b \\right| \\right|", 1),
    ("||b| - a|", 1),
    ("\\lfloor \\frac{7}{2} \\rfloor + \\left\\lceil \\frac72 \\right\\rceil", 7),
    ("\\lfloor 3 \\cdot \\frac{1}{3} \\cdot 9.0 \\rfloor", 9),
    ("\\binom{5}{2}", 10),
    # sums and other operators over indices
    ("\\sum_{i=1}^{3} i^2", 14),
    ("\\sum_{i=1}^n v_i", 3),
    ("\\sum_i v_i + 1", 4),
    ("\\sum_i v_i w_i", float(V @ W)),
    ("\\sum_{i,j} A_{ij}", 21),
    ("\\sum_{i,j=1}^{2} B_{ij}", 6),
    ("\\sum_{i=1}^{2} \\sum_{j=1}^{i} B_{ij}", 5),
    ("\\sum_{i=1}^{3} \\sum_{j=i+1}^{3} v_i v_j", -2 + 4 - 8),
    ("\\sum_{i \\ne 2} v_i", 5),
    ("\\sum_{1 \\le i \\le 2} v_i", -1),
    ("\\sum_{k \\in \\{1, 3\\}} v_k", 5),
    ("\\sum_{k \\in \\{1, \\dots, 3\\}} v_k", 3),
    ("\\sum_{k \\in m} v_k", 3),
    ("\\sum_{i=1}^{0} v_i", 0),
    ("\\prod_{i=1}^{3} v_i", -8),
    ("\\prod_{i=1}^{0} v_i", 1),
    ("\\max_i v_i - \\min_i v_i", 6),
    ("\\arg\\max_i v_i", 3),
    ("\\operatorname{argmin}_i v_i", 2),
    ("\\max_{i \\ne 3} v_i", 1),
    ("\\operatorname{mean}_{i} v_i", 1),
    (
        "\\frac{1}{n} \\sum_{i=1}^{n} (v_i - \\frac{1}{n} \\sum_{j=1}^{n} v_j)^2",
        V.var(),
    ),
    ("\\sum_{i=1}^{2} v_{i+1}", 2),
    ("\\sum_{i=1}^{2} v_{2i-1}", 5),
    ("v_{m_1}", -2),
    ("\\sum_i v_{m_i}", 3),
    # norms, vectors and matrices
    ("\\|v\\|", float(np.linalg.norm(V))),
    ("\\lVert v \\rVert_2^2", 21),
    ("\\|v\\|_1 + \\|v\\|_\\infty + \\|v\\|_0", 14),
    ("\\|A\\|_F^2", 91),
    ("\\|A\\|_2", float(np.linalg.norm(A, 2))),
    ("v^\\top w", float(V @ W)),
    ("v \\cdot w", float(V @ W)),
    ("\\langle v, w \\rangle", float(V @ W)),
    ("\\operatorname{tr}(B)", 5),
    ("\\operatorname{tr}(A^\\top A)", 91),
    ("\\det B", 6),
    ("\\begin{vmatrix} 1 & 2 \\\\ 3 & 4 \\end{vmatrix}", -2),
    ("\\mathbf{1}^\\top v", 3),
    ("v^\\top \\mathbf{1}", 3),
    ("\\mathbf{1}_3^\\top v", 3),
    ("T_{2,3,4}", 23),
    ("(A v)_2", float((A @ V)[1])),
    ("A_{1,2} + A_{2,3}", 8),
    # indicators and cases
    ("\\sum_i [v_i > 0]", 2),
    ("\\sum_{i=1}^{3} \\mathbb{1}[v_i > 0, w_i > 0]", 1),
    ("\\mathbf{1}_{\\{a > 0\\}} + \\mathbb{1}_{b > 0}", 1),
    ("\\sum_i \\sum_j \\delta_{ij} B_{ij}", 5),
    ("\\begin{cases} 1 & a > 3 \\\\ 5 & \\text{otherwise} \\end{cases}", 5),
    (
        "\\sum_{i=1}^3 \\begin{cases} v_{i-1}, & \\text{if } i > 1, \\\\"
        " 0 & \\text{else} \\end{cases}",
        -1,
    ),
    ("\\begin{cases} 1 & a > 0 \\\\ 2 & a > 1 \\\\ 3 & a > -1 \\end{cases}", 1),
    ("\\left. a x^2 \\right|_{x = 3}", 18),
]

ARRAYS_OUT = [
    ("v_i", V),
    ("A_{ij}", A),
    ("A_{ij} v_j", A * V),
    ("\\sum_k A_{ik} v_k", A @ V),
    ("v_i - \\max_j v_j", V - 4),
    ("v_{4-i} \\, v_i", V[::-1] * V),
    ("\\delta_{ij} v_i w_j", np.diag(V * W)),
    ("A v", A @ V),
    ("v A^\\top", V @ A.T),
    ("B A", B @ A),
    ("A^\\top B", A.T @ B),
    ("v w^\\top", np.outer(V, W)),
    ("B^{-1}", np.linalg.inv(B)),
    ("B^{-\\top}", np.linalg.inv(B).T),
    ("B^2", B @ B),
    ("v \\odot w", V * W),
    ("v^{\\odot 2}", V**2),
    ("2 v + w", 2 * V + W),
    ("A + v", A + V),
    ("A_i", A),
    ("A_{1}", A[0]),
    ("\\operatorname{diag}(v)", np.diag(V)),
    ("\\operatorname{diag}(B)", np.diag(B)),
    ("\\operatorname{diag}(v) - v v^\\top", np.diag(V) - np.outer(V, V)),
    ("e^{A}", np.exp(A)),
    ("\\max(0, A - 3)", np.maximum(0, A - 3)),
    ("\\mathbf{1}^\\top A", A.sum(0, keepdims=True)),
    ("A \\mathbf{1}", A.sum(1)),
    ("\\mathbf{1} v^\\top + A", A + V),
    ("v - \\mathbf{1}", V - 1),
    ("v - a \\mathbf{1}", V - 2),
    ("A (a \\mathbf{1})", 2 * A.sum(1)),
    ("\\sum_{i} A_i", A.sum(0)),
    ("\\sum_{i} A_i A_i^\\top", A.T @ A),
    ("\\begin{pmatrix} 1 & a \\\\ b & 0 \\end{pmatrix}", [[1, 2], [-3, 0]]),
    ("\\begin{bmatrix} v_1 \\\\ a \\end{bmatrix}", [1, 2]),
    ("(a, b)", [2, -3]),
    ("\\frac{v}{\\sqrt{w^{\\odot 2}}}", V / np.abs(W)),
    ("\\operatorname{vec}(A)", A.T.reshape(-1)),
    ("(B^\\top)_{ij}", B.T),
]


@pytest.mark.parametrize(("latex", "value"), NUMBERS)
def test_number(evaluate, latex, value):
    found = evaluate(latex, ARRAYS)
    assert np.shape(found) == ()
    assert found == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("latex", "value"), ARRAYS_OUT)
def test_array(evaluate, latex, value):
    found = evaluate(latex, ARRAYS)
    assert found.shape == np.shape(value)
    np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12)


def test_convolution(evaluate):
    comment = """
x = np.arange(2 * 7.0).reshape(2, 7) ** 2
w = np.arange(3 * 2 * 3.0).reshape(3, 2, 3) - 4
s = 2
i in 1..3
"""
    found = evaluate("\\sum_c \\sum_{u=1}^{3} x_{c,\\,s(i-1)+u} w_{o,c,u}", comment)
    x = np.arange(14.0).reshape(2, 7) ** 2
    w = np.arange(18.0).reshape(3, 2, 3) - 4
    wanted = [
        [np.sum(x[:, 2 * i : 2 * i + 3] * w[o]) for o in range(3)] for i in range(3)
    ]
    np.testing.assert_allclose(found, wanted)


def test_padding_and_first_index(evaluate):
    comment = "x = np.array([1.0, 5.0, 2.0])\npad x with 0\ni in 0..4"
    np.testing.assert_allclose(evaluate("x_{i}", comment), [0, 1, 5, 2, 0])
    comment = "x = np.array([1.0, 5.0, 2.0])\npad x with -inf\ni in 1..3"
    np.testing.assert_allclose(
        evaluate("\\max_{u \\in \\{-1, 0, 1\\}} x_{i+u}", comment), [5, 5, 5]
    )
    comment = "x = np.array([1.0, 5.0, 2.0])\nx starts at 0"
    assert evaluate("x_0 + 10 x_2", comment) == 21
    np.testing.assert_allclose(evaluate("t x_t", comment), [0, 5, 4])


def test_layers(evaluate):
    comment = """
W = [np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]), np.array([[1.0], [2.0], [3.0]])]
x = np.array([[1.0, 10.0]])
"""
    assert evaluate("x \\prod_{l=1}^{2} W^{(l)}", comment) == 1 + 2 * 12 + 3 * 10
    assert evaluate("\\sum_l \\|W^{(l)}\\|_F^2", comment) == 7 + 14
    assert evaluate("W^{(1)}_{1,2} + W^{(2)}_{3,1}", comment) == 5
    np.testing.assert_allclose(
        evaluate("W^{(1)\\top} x^\\top", comment), [[1], [12], [10]]
    )


def test_functions_of_the_comment(evaluate):
    comment = """
z = np.array([0.5, -1.0, 2.0])
\\sigma = lambda t: 1 / (1 + np.exp(-t))
softmax = lambda t: np.exp(t) / np.exp(t).sum()
H(p) = -np.sum(p * np.log(p))
H(p, q) = -np.sum(p * np.log(q))
"""
    z = np.array([0.5, -1.0, 2.0])
    p = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(evaluate("\\sigma(z)", comment), 1 / (1 + np.exp(-z)))
    np.testing.assert_allclose(evaluate("\\sigma(z_i)", comment), 1 / (1 + np.exp(-z)))
    np.testing.assert_allclose(evaluate("\\operatorname{softmax}(z)_i", comment), p)
    # softmax of one number at a time, not of the whole row, however long
    np.testing.assert_allclose(evaluate("\\operatorname{softmax}(z_i)", comment), 1)
    found = evaluate("\\operatorname{softmax}(z_i z_j z_k)", comment)
    np.testing.assert_array_equal(found, np.ones((3, 3, 3)))
    comment += "p = softmax(z)\nq = np.array([0.2, 0.5, 0.3])"
    q = np.array([0.2, 0.5, 0.3])
    assert evaluate("H(p)", comment) == pytest.approx(-np.sum(p * np.log(p)))
    assert evaluate("H(p \\,\\|\\, q)", comment) == evaluate("H(p, q)", comment)
    assert evaluate("H(p | q) + |z_2|", comment) == evaluate("H(p, q)", comment) + 1
    assert evaluate("H(p \\mid q)", comment) == evaluate("H(p; q)", comment)
    assert evaluate("H(p, q) - H(p)", comment) == pytest.approx(
        np.sum(p * np.log(p / q))
    )


def test_expectation(evaluate):
    comment = "sample x = np.array([1.0, 2.0, 6.0])\na = 2"
    assert evaluate("\\mathbb{E}[x]", comment) == 3
    assert evaluate("\\mathbb{E}_{x} \\left[ a x^2 \\right]", comment) == 82 / 3
    assert evaluate("\\operatorname{Var}[a x]", comment) == pytest.approx(4 * 14 / 3)
    assert evaluate("\\Pr[x > 1]", comment) == pytest.approx(2 / 3)
    comment = "sample m = np.array([[0.0, 1.0], [1.0, 1.0]])"
    np.testing.assert_allclose(evaluate("\\mathbb{E}[m_j]", comment), [0.5, 1])


def test_limit(evaluate):
    comment = "x = 2.0\nsequence h = 10.0 ** -np.arange(2, 7)"
    found = evaluate("\\lim_{h \\to 0} \\frac{(x + h)^2 - x^2}{h}", comment)
    assert found == pytest.approx(4, abs=1e-5)


def test_a_name_with_its_subscript_is_no_index(evaluate):
    comment = "n_{\\text{with}} = 3.0\nL_{\\text{otherwise}} = 4.0"
    assert evaluate("n_{\\text{with}} L_{\\text{otherwise}}", comment) == 12
    comment = "H_o = 5.0\nn_{\\text{in}} = 3.0\n\\lambda_1 = 2.0\nw^* = 4.0\nx' = 8.0"
    assert evaluate("H_o + n_{\\mathrm{in}} + \\lambda_1", comment) == 10
    assert evaluate("w^* x'", comment) == 32
    assert evaluate("w^\\star", comment.replace("w^*", "w^\\star")) == 4


def test_several_letters_can_be_one_name(evaluate):
    comment = "name \\Delta w\nw = 3.0\n\\Delta w = 0.5\n\\Delta = 7.0"
    assert evaluate("w + \\Delta w", comment) == 3.5
    assert evaluate("w \\Delta", comment) == 21


def test_python_names(evaluate):
    comment = """
\\hat{y} = np.array([1.0, 2.0])
W^{(1)} = 3.0
\\lambda = 4.0
\\mathbf{x} = 5.0
labels = np.array([2, 1])
k = y_hat.sum() + W_1 + lambda_ + x + labels[0]
"""
    assert evaluate("k", comment) == 17
    np.testing.assert_allclose(
        evaluate("\\hat{y}_{\\mathrm{labels}_i}", comment), [2, 1]
    )

"""Wrong equations from textbooks and courses, each beside its right form.

The comments name what is wrong: a sign, a factor, a transpose, a shift, an order. All
of them have been in print or in lecture notes, or are what students write.
"""

# ruff: noqa: E501 (LaTeX is written as on a page)
from __future__ import annotations

import pytest

VECTOR = "x = rng.normal(size=4)\nb = 5.0"
LOG_SUM_EXP = "g(x) &= \\ln \\sum_k e^{x_k} \\\\\n"
SOFTMAX = """
z = rng.normal(size=4)
y = np.eye(4)[rng.integers(4)]
p = standin.softmax(z)
"""
LOSS = "L &= -\\sum_k y_k \\ln p_k \\\\\np_k &= \\frac{e^{z_k}}{\\sum_j e^{z_j}} \\\\\n"
BATCH = """
n, d, h = 5, 3, 4
X = rng.normal(size=(n, d))
W = rng.normal(size=(d, h))
b = rng.normal(size=h)
G = rng.normal(size=(n, h))
"""
DENSE = """Z &= X W + b, \\quad L = \\sum_{i,j} G_{ij} Z_{ij} + \\sum_{i,j} Z_{ij}^3 \\\\
\\Delta &= \\frac{\\partial L}{\\partial Z} \\\\
"""
LAYERS = """
X = rng.normal(size=(5, 3))
W^{(1)} = rng.normal(size=(3, 4))
W^{(2)} = rng.normal(size=(4, 2))
\\phi = np.tanh
"""
TWO_LAYERS = """Z^{(1)} &= X W^{(1)}, \\quad A = \\phi(Z^{(1)}), \\quad Z^{(2)} = A W^{(2)} \\\\
L &= \\sum_{i,j} (Z^{(2)}_{ij})^3 \\\\
\\Delta^{(2)} &= \\frac{\\partial L}{\\partial Z^{(2)}} \\\\
"""
WEIGHTS = "w = rng.normal(size=5)\n\\lambda = 0.3"
CONVOLUTION = """
k, H = 3, 7
x = rng.normal(size=H)
w = rng.normal(size=k)
g = rng.normal(size=H - k + 1)
i in 1..H-k+1
"""
CORRELATE = """y_i &= \\sum_{u=1}^{k} x_{i+u-1} w_u, \\quad L = \\sum_{j=1}^{H-k+1} g_j y_j \\\\
"""
SIZES = """
H, k, p, s = 224, 7, 3, 2
H_o = len(range(0, H + 2 * p - k + 1, s))
"""
BATCH_NORM = """
n, d = 6, 3
x = rng.normal(size=(n, d))
g = rng.normal(size=(n, d))
\\gamma = rng.normal(size=d)
\\varepsilon = 1e-3
"""
NORMALISE = """\\mu_j &= \\frac1n \\sum_{i=1}^n x_{ij} \\\\
\\sigma_j^2 &= \\frac1n \\sum_{i=1}^n (x_{ij} - \\mu_j)^2 + \\varepsilon \\\\
\\hat{x}_{ij} &= \\frac{x_{ij} - \\mu_j}{\\sigma_j}, \\quad y_{ij} = \\gamma_j \\hat{x}_{ij} \\\\
L &= \\sum_{i,j} g_{ij} y_{ij} \\\\
"""
ERROR = "e = 0.3 ** 2.0 ** np.arange(4)\ne starts at 0\nt in 0..2\nc = 1.01"

# name: comment, what stands above, the right line, wrong lines
PAIRS = {
    "log-sum-exp is not invariant under a shift": (
        VECTOR,
        LOG_SUM_EXP,
        "g(x + b \\mathbf{1}) &= g(x) + b",
        ["g(x + b \\mathbf{1}) &= g(x)", "g(x + b \\mathbf{1}) &= g(x) - b"],
    ),
    "softmax is": (
        VECTOR,
        "",
        "\\frac{e^{x_i + b}}{\\sum_j e^{x_j + b}} &= \\frac{e^{x_i}}{\\sum_j e^{x_j}}",
        ["\\frac{e^{x_i + b}}{\\sum_j e^{x_j}} &= \\frac{e^{x_i}}{\\sum_j e^{x_j}}"],
    ),
    "softmax cross-entropy: the sign": (
        SOFTMAX,
        LOSS,
        "\\frac{\\partial L}{\\partial z_i} &= p_i - y_i",
        [
            "\\frac{\\partial L}{\\partial z_i} &= p_i + y_i",
            "\\frac{\\partial L}{\\partial z_i} &= y_i - p_i",
            "\\frac{\\partial L}{\\partial z_i} &= p_i (1 - y_i)",
            "\\frac{\\partial L}{\\partial z_i} &= \\frac{\\partial L}{\\partial p_i}"
            " \\frac{\\partial p_i}{\\partial z_i}",
        ],
    ),
    "softmax: the Jacobian": (
        SOFTMAX,
        "p_k &= \\frac{e^{z_k}}{\\sum_j e^{z_j}} \\\\\n",
        "\\frac{\\partial p_k}{\\partial z_i} &= p_k (\\delta_{ki} - p_i)",
        [
            "\\frac{\\partial p_k}{\\partial z_i} &= p_k (1 - p_i)",
            "\\frac{\\partial p_k}{\\partial z_i} &= p_k (p_i - \\delta_{ki})",
            "\\frac{\\partial p_k}{\\partial z_i} &= \\delta_{ki} p_k (1 - p_k)",
        ],
    ),
    "divergence: the entropy stands outside of the sum": (
        SOFTMAX.replace("np.eye(4)[rng.integers(4)]", "rng.dirichlet(np.ones(4))"),
        "H &= -\\sum_j y_j \\ln y_j \\\\\n",
        "\\sum_i y_i \\ln \\frac{y_i}{p_i} &= -\\sum_i y_i \\ln p_i - H",
        [
            "\\sum_i y_i \\ln \\frac{y_i}{p_i} &= \\sum_i ( - y_i \\ln p_i - H)",
            "\\sum_i y_i \\ln \\frac{y_i}{p_i} &= -\\sum_i y_i \\ln p_i",
            "\\sum_i y_i \\ln \\frac{y_i}{p_i} &= \\sum_i p_i \\ln \\frac{p_i}{y_i}",
        ],
    ),
    "dense layer: the gradient of the weights": (
        BATCH,
        DENSE,
        "\\frac{\\partial L}{\\partial W} &= X^\\top \\Delta",
        [
            "\\frac{\\partial L}{\\partial W} &= X \\Delta",
            "\\frac{\\partial L}{\\partial W} &= \\Delta^\\top X",
            "\\frac{\\partial L}{\\partial W} &= \\frac{1}{n} X^\\top \\Delta",
        ],
    ),
    "dense layer: the gradient of the bias is a sum over the batch": (
        BATCH,
        DENSE,
        "\\frac{\\partial L}{\\partial b_j} &= \\sum_i \\Delta_{ij}",
        [
            "\\frac{\\partial L}{\\partial b_j} &= \\Delta_{1j}",
            "\\frac{\\partial L}{\\partial b_j} &= \\frac1n \\sum_i \\Delta_{ij}",
            "\\frac{\\partial L}{\\partial b} &= \\Delta \\mathbf{1}",
        ],
    ),
    "dense layer: the gradient of the input": (
        BATCH,
        DENSE,
        "\\frac{\\partial L}{\\partial X} &= \\Delta W^\\top",
        [
            "\\frac{\\partial L}{\\partial X} &= \\Delta W",
            "\\frac{\\partial L}{\\partial X_{ij}} &= \\sum_k \\Delta_{ik} W_{kj}",
            "\\frac{\\partial L}{\\partial X_{ij}} &= \\Delta_{i1} W_{j1}",
        ],
    ),
    "backpropagation: derivative at Z, elementwise, all paths": (
        LAYERS,
        TWO_LAYERS,
        "\\frac{\\partial L}{\\partial Z^{(1)}}"
        " &= (\\Delta^{(2)} W^{(2)\\top}) \\odot \\phi'(Z^{(1)})",
        [
            "\\frac{\\partial L}{\\partial Z^{(1)}}"
            " &= (\\Delta^{(2)} W^{(2)\\top}) \\odot \\phi'(A)",
            "\\frac{\\partial L}{\\partial Z^{(1)}} &= \\Delta^{(2)} W^{(2)\\top}",
            "\\frac{\\partial L}{\\partial Z^{(1)}}"
            " &= (\\Delta^{(2)} W^{(2)}) \\odot \\phi'(Z^{(1)})",
        ],
    ),
    "L2: the factor 2": (
        WEIGHTS,
        "R &= \\lambda \\sum_i w_i^2 \\\\\n",
        "\\frac{\\partial R}{\\partial w_i} &= 2 \\lambda w_i",
        [
            "\\frac{\\partial R}{\\partial w_i} &= \\lambda w_i",
            "\\frac{\\partial R}{\\partial w_i} &= 2 \\lambda |w_i|",
        ],
    ),
    "L1: the sign of the weight": (
        WEIGHTS,
        "R &= \\lambda \\|w\\|_1 \\\\\n",
        "\\frac{\\partial R}{\\partial w_i} &= \\lambda \\operatorname{sign}(w_i)",
        [
            "\\frac{\\partial R}{\\partial w_i} &= \\lambda",
            "\\frac{\\partial R}{\\partial w_i} &= \\lambda w_i",
        ],
    ),
    "sigmoid and tanh": (
        VECTOR,
        "\\sigma(t) &= \\frac{1}{1 + e^{-t}} \\\\\n",
        "\\tanh x_i &= 2 \\sigma(2 x_i) - 1",
        [
            "\\tanh x_i &= 2 \\sigma(x_i) - 1",
            "\\tanh x_i &= \\sigma(2 x_i) - 1",
            "\\sigma'(x_i) &= \\sigma(x_i) (1 + \\sigma(x_i))",
            "\\tanh'(x_i) &= 1 - \\tanh x_i",
        ],
    ),
    "quadratic convergence is not linear": (
        ERROR,
        "",
        "e_{t+1} &\\le c \\, e_t^2",
        ["e_{t+1} &= c \\, e_t", "e_{t+1} &\\ge c \\, e_t"],
    ),
    "convolution backward, kernel: no flip": (
        CONVOLUTION,
        CORRELATE,
        "\\frac{\\partial L}{\\partial w_u} &= \\sum_{j=1}^{H-k+1} g_j x_{j+u-1}",
        [
            "\\frac{\\partial L}{\\partial w_u} &= \\sum_{j=1}^{H-k+1} g_j x_{j+k-u}",
            "\\frac{\\partial L}{\\partial w_u} &= \\sum_{j=1}^{H-k} g_j x_{j+u}",
        ],
    ),
    "convolution backward, input: a flip": (
        CONVOLUTION + "pad g with 0\n",
        CORRELATE,
        "\\frac{\\partial L}{\\partial x_m} &= \\sum_{u=1}^{k} g_{m-u+1} w_u",
        [
            "\\frac{\\partial L}{\\partial x_m} &= \\sum_{u=1}^{k} g_{m+u-1} w_u",
            "\\frac{\\partial L}{\\partial x_m} &= \\sum_{u=1}^{k} g_{m-u+1} w_{k+1-u}",
        ],
    ),
    "size of a convolution: padding counts twice, the floor before the one": (
        SIZES,
        "",
        "H_o &= \\left\\lfloor \\frac{H + 2p - k}{s} \\right\\rfloor + 1",
        [
            "H_o &= \\left\\lfloor \\frac{H + p - k}{s} \\right\\rfloor + 1",
            "H_o &= \\frac{H + 2p - k}{s} + 1",
            "H_o &= \\left\\lceil \\frac{H + 2p - k}{s} \\right\\rceil + 1",
        ],
    ),
    "batch norm backward: the mean and the variance depend on the input": (
        BATCH_NORM,
        NORMALISE,
        "\\frac{\\partial L}{\\partial x_{ij}} &= \\frac{\\gamma_j}{n \\sigma_j} \\left("
        " n g_{ij} - \\sum_{k=1}^n g_{kj}"
        " - \\hat{x}_{ij} \\sum_{k=1}^n g_{kj} \\hat{x}_{kj} \\right)",
        [
            "\\frac{\\partial L}{\\partial x_{ij}} &= \\frac{\\gamma_j}{\\sigma_j} g_{ij}",
            "\\frac{\\partial L}{\\partial x_{ij}} &= \\frac{\\gamma_j}{n \\sigma_j} \\left("
            " n g_{ij} - \\sum_{k=1}^n g_{kj} \\right)",
            "\\frac{\\partial L}{\\partial x_{ij}} &= \\frac{\\gamma_j}{n \\sigma_j} \\left("
            " n g_{ij} - \\sum_{k=1}^n g_{kj}"
            " + \\hat{x}_{ij} \\sum_{k=1}^n g_{kj} \\hat{x}_{kj} \\right)",
        ],
    ),
    "maximum by ReLU": (
        "a, b = rng.normal(size=(2, 4))",
        "",
        "\\max(a_i, b_i) &= a_i + \\max(0, b_i - a_i)",
        [
            "\\max(a_i, b_i) &= a_i + \\max(0, a_i - b_i)",
            "\\max(a_i, b_i) &= b_i + \\max(0, b_i - a_i)",
        ],
    ),
    "central difference: the order": (
        "x = rng.normal(size=3)\nf = np.sin\nsequence h = 10.0 ** -np.arange(1, 4)",
        "",
        "\\frac{f(x_i + h) - f(x_i - h)}{2h} &= f'(x_i) + O(h^2)",
        [
            "\\frac{f(x_i + h) - f(x_i - h)}{2h} &= f'(x_i) + O(h^3)",
            "\\frac{f(x_i + h) - f(x_i)}{h} &= f'(x_i) + O(h^2)",
            "\\frac{f(x_i + h) - f(x_i - h)}{h} &= f'(x_i) + O(h)",
        ],
    ),
    "inverted dropout keeps the mean": (
        "q = 0.25\nx = 3.0\nsample m = (rng.random(200_000) >= q).astype(float)",
        "",
        "\\mathbb{E}\\left[ \\frac{m x}{1 - q} \\right] &= x",
        [
            "\\mathbb{E}\\left[ \\frac{m x}{q} \\right] &= x",
            "\\mathbb{E}[m x] &= x",
        ],
    ),
}
WRONG = [(name, line) for name, (_, _, _, lines) in PAIRS.items() for line in lines]


def equation(above, line):
    return f"\\begin{{aligned}}\n{above}{line}\n\\end{{aligned}}"


@pytest.mark.parametrize("name", PAIRS)
def test_right(check, name):
    comment, above, right, _ = PAIRS[name]
    result = check(comment.strip(), equation(above, right))
    assert result.status == "checked", result.reason


@pytest.mark.parametrize(("name", "line"), WRONG)
def test_wrong(check, name, line):
    comment, above, _, _ = PAIRS[name]
    result = check(comment.strip(), equation(above, line))
    assert result.status == "failed"
    # it is this line that fails, for its values or for its shapes
    reasons = "disagree", "shape", "different ranges"
    number = comment.strip().count("\n") + 6 + above.count("\n")
    assert result.reason.startswith(f"page.md:{number}:"), result.reason
    assert any(reason in result.reason for reason in reasons), result.reason

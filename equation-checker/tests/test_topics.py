"""Equations of the kind that the pages need, all on one page.

Symbols stay known from one to the next, so this also tests names that come again.
"""

# ruff: noqa: E501 (LaTeX is written as on a page)
from __future__ import annotations

import re

import pytest

from eqcheck import check_text

PAGE = r"""
Jacobians of layers

<!-- equation
x = rng.normal(size=3)
W = [rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(5, 2))]
\varphi = np.tanh
L = 3
-->
$$
\begin{aligned}
a^{(0)} &= x, \qquad z^{(l)} = W^{(l)\top} a^{(l-1)}, \qquad a^{(l)} = \varphi(z^{(l)}) \\
J^{(l)} &= \frac{\partial a^{(l)}}{\partial a^{(l-1)}} = \operatorname{diag}(\varphi'(z^{(l)})) W^{(l)\top} \\
\frac{\partial a^{(3)}}{\partial x} &= J^{(3)} J^{(2)} J^{(1)} \\
\left\| \frac{\partial a^{(3)}}{\partial x} \right\|_2 &\le \prod_{l=1}^{L} \|J^{(l)}\|_2 \le \prod_{l=1}^L \|W^{(l)}\|_2
\end{aligned}
$$

Residual blocks

<!-- equation
x = rng.normal(size=3)
A = rng.normal(size=(3, 3))
B = rng.normal(size=(3, 3))
I = np.eye(3)
-->
$$
\begin{aligned}
f(x) &= x + \tanh(A x), \quad g(x) = x + \tanh(B x) \\
y &= g(f(x)) \\
\frac{\partial y}{\partial x} &= \left( I + \operatorname{diag}(1 - \tanh(B f(x))^{\odot 2}) B \right) \left( I + \operatorname{diag}(1 - \tanh(A x)^{\odot 2}) A \right) \\
(I + A)(I + B) &= I + A + B + A B
\end{aligned}
$$

Variance of a pre-activation

<!-- equation
n_{\text{in}} = 3
\sigma_w = 0.3
sample x = rng.uniform(-1, 1, size=(100_000, 3))
sample w = 0.3 * rng.uniform(-np.sqrt(3), np.sqrt(3), size=(100_000, 3))
new z
-->
$$
z = \sum_{i=1}^{n_{\text{in}}} x_i w_i, \qquad \operatorname{Var}[z] = n_{\text{in}} \sigma_w^2 \, \mathbb{E}[x_1^2], \qquad \mathbb{E}[z] = 0
$$

Ridge

<!-- equation
X = rng.normal(size=(8, 3))
y = rng.normal(size=8)
\lambda = 0.7
I = np.eye(3)
w = np.linalg.solve(X.T @ X + 0.7 * I, X.T @ y)
u, s, vt = np.linalg.svd(X, full_matrices=False)
U = u
V = vt.T
new f
-->
$$
\begin{aligned}
w &= (X^\top X + \lambda I)^{-1} X^\top y = V \operatorname{diag}\left( \frac{s}{s^{\odot 2} + \lambda \mathbf{1}} \right) U^\top y \\
f(v) &= \tfrac12 \|X v - y\|^2 + \tfrac{\lambda}{2} \|v\|^2, \qquad \nabla f(w) = 0
\end{aligned}
$$

Soft threshold

<!-- equation
z = rng.normal(size=9)
t = 0.4
-->
$$
S(z, t) = \begin{cases} z - t & z > t \\ 0 & |z| \le t \\ z + t & z < -t \end{cases} \qquad S(z_i, t) = \operatorname{sign}(z_i) \max(|z_i| - t, 0) = \max(z_i - t, 0) - \max(-z_i - t, 0)
$$

Clipping

<!-- equation
g = rng.normal(size=6)
c = 0.5
k = np.minimum(1, c / np.linalg.norm(g)) * g
-->
$$
k = \min\left(1, \frac{c}{\|g\|}\right) g, \qquad \|k\| \le c
$$

Convolution

<!-- equation
new c, i, j, l, m, u, v, n, o
C, O, k, H, W_i, s, p = 2, 4, 3, 7, 6, 2, 1
x = rng.normal(size=(2, C, H, W_i))
w = rng.normal(size=(O, C, k, k))
b = rng.normal(size=O)
xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
y = np.array([[[[np.sum(xp[n, :, s*i:s*i+k, s*j:s*j+k] * w[o]) + b[o] for j in range(3)] for i in range(4)] for o in range(O)] for n in range(2)])
r = rng.normal(size=y.shape)
pad x with 0
new L
-->
$$
\begin{aligned}
y_{n,o,i,j} &= b_o + \sum_{c=1}^{C} \sum_{u=1}^{k} \sum_{v=1}^{k} w_{o,c,u,v} \, x_{n,c,\,s(i-1)+u-p,\,s(j-1)+v-p} \\
L &= \sum_{n,o,i,j} r_{n,o,i,j} \, y_{n,o,i,j} \\
\frac{\partial L}{\partial w_{o,c,u,v}} &= \sum_{n,i,j} r_{n,o,i,j} \, x_{n,c,\,s(i-1)+u-p,\,s(j-1)+v-p} \\
\frac{\partial L}{\partial b_o} &= \sum_{n,i,j} r_{n,o,i,j} \\
\frac{\partial L}{\partial x_{n,c,l,m}} &= \sum_{o,i,j} r_{n,o,i,j} \sum_{u,v=1}^{k} w_{o,c,u,v} [s(i-1)+u-p = l] [s(j-1)+v-p = m]
\end{aligned}
$$

Pooling

<!-- equation
k = 2
x = rng.normal(size=(6, 8))
i in 1..3
j in 1..4
g = rng.normal(size=(3, 4))
new y, L
-->
$$
\begin{aligned}
y_{ij} &= \max_{u,v=1}^{k} x_{k(i-1)+u,\,k(j-1)+v} \\
L &= \sum_{i=1}^{3}\sum_{j=1}^{4} g_{ij} y_{ij} \\
\end{aligned}
$$

<!-- equation -->
$$
\frac{\partial L}{\partial x_{lm}} = g_{\lceil l/k \rceil, \lceil m/k \rceil} \left[ x_{lm} = y_{\lceil l/k \rceil, \lceil m/k \rceil} \right]
$$

Receptive field

<!-- equation
k = np.array([3, 3, 5])
s = np.array([1, 2, 1])
j = np.array([1, 1, 2, 2])
r = np.array([1, 3, 5, 13])
r starts at 0
j starts at 0
l in 1..3
-->
$$
r_l = r_{l-1} + (k_l - 1) j_{l-1}, \qquad j_l = j_{l-1} s_l, \qquad r_3 = 1 + \sum_{l=1}^3 (k_l - 1) \prod_{m=1}^{l-1} s_m
$$

Momentum

<!-- equation
\mu = 0.9
T = 6
g = rng.normal(size=(T, 3))
v = np.array([sum((0.9 ** (t - 1 - m) * g[m] for m in range(t)), 0 * g[0])
    for t in range(T + 1)])
v starts at 0
g starts at 0
t in 0..T-1
-->
$$
v_{t+1} = \mu v_t + g_t, \qquad v_T = \sum_{t=0}^{T-1} \mu^{T-1-t} g_t
$$
"""
RESULTS = check_text(PAGE, "topics.md")
TITLES = re.findall(r"^[A-Z][A-Za-z -]+$", PAGE, re.MULTILINE)


def test_each_is_understood_and_holds():
    bad = [result.reason for result in RESULTS if result.status == "failed"]
    assert not bad, "\n".join(bad)
    assert len(RESULTS) == len(TITLES) + 1  # pooling has two
    assert {result.status for result in RESULTS} == {"checked", "definition"}


def test_nearly_every_changed_form_is_noticed():
    mutants = sum(result.mutants for result in RESULTS)
    caught = sum(result.caught for result in RESULTS)
    assert mutants > 500
    assert caught / mutants > 0.97


SIGNS = [
    match.start()
    for match in re.finditer(r"(?<=[\w}\]) ]) [-+] (?=[\w\\(])", PAGE)
    if any(r.line <= PAGE[: match.start()].count("\n") < r.end for r in RESULTS)
]


@pytest.mark.parametrize("place", SIGNS[::7])
def test_a_flipped_sign_fails(place):
    flipped = {"-": "+", "+": "-"}[PAGE[place + 1]]
    changed = f"{PAGE[: place + 1]}{flipped}{PAGE[place + 2 :]}"
    statuses = {r.status for r in check_text(changed, "topics.md", trials=False)}
    assert "failed" in statuses, changed[place - 30 : place + 30]

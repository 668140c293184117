r"""What other texts write: read, evaluated right, and refused where it is ambiguous.

Each group has a true equation, which passes, and wrong variants, which fail.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqcheck import Result
from eqcheck.latex.names import Names
from eqcheck.latex.statements import read_statements

Check = Callable[[str, str], Result]

VECTORS = """
x = rng.normal(size=4)
w = rng.normal(size=4)
n = 4
"""

# the comment, what is true, what is not
HELD = {
    "symbols without braces": (
        r"\boldsymbol\phi = rng.normal(size=3)",
        [r"\boldsymbol\phi^T \boldsymbol\phi = \|\boldsymbol{\phi}\|^2"],
        [r"\boldsymbol\phi^T \boldsymbol\phi = \|\boldsymbol{\phi}\|"],
    ),
    "bold letters in a box": (
        "\\mathbf{f} = np.array([1.0, 2.0])\n\\mathrm{g} = 5.0",
        [r"\mbox{g} = \mbox{{\bf f}}^T \mbox{\bf f}"],
        [r"\mbox{g} = 2 \, \mbox{\bf f}^T \mbox{\bf f}"],
    ),
    "T for the transpose": (
        "A = rng.normal(size=(2, 3))\nb = rng.normal(size=2)\nc = b @ A",
        ["c = A^T b", r"c = A^{T} b \quad c^T = b^T A"],
        ["2 c = A^T b"],
    ),
    "environments": (
        "a = 1.0\nb = 2.0",
        [
            "\\begin{eqnarray} \\label{eq:a}\nb &=& 2 a \\nonumber \\\\\n"
            "&=& 2 \\tag{3}\n\\end{eqnarray}",
            "\\begin{equation}\\begin{split} b &= 2 a \\end{split}\\end{equation}",
            "\\begin{alignat}{2} b &= 2 a \\end{alignat}",
        ],
        ["\\begin{eqnarray}\nb &=& 2 a \\nonumber \\\\\n&=& 3\n\\end{eqnarray}"],
    ),
    "words between statements": (
        "a = 1.0\nb = 2.0",
        [
            r"a = 1 \text{ and } b = 2",
            r"a = 1 \hspace{0.5in} \textrm{or equivalently} \hspace{0.5in} 2 a = b",
            r"b = 2 a \; \textrm{and thus} \; a = b / 2",
            r"b = 2 \quad \rightarrow \quad a = 1",
        ],
        [
            r"a = 1 \text{ and } b = 3",
            r"a = 2 \hspace{0.5in} \textrm{or equivalently} \hspace{0.5in} 2 a = b",
            r"b = 2 \quad \rightarrow \quad a = 2",
        ],
    ),
    "two conditions joined by a word": (
        "x = np.array([-1.0, 0.5, 3.0])\ny = np.array([0, 1, 0])",
        [
            r"y_i = \begin{cases} 1 & x_i > 0 \text{ and } x_i < 2 \\"
            r" 0 & \text{otherwise} \end{cases}"
        ],
        [
            r"y_i = \begin{cases} 1 & x_i > 0 \text{ and } x_i < 4 \\"
            r" 0 & \text{otherwise} \end{cases}"
        ],
    ),
    "equal by definition": (
        "a = 1.0",
        [
            r"a \stackrel{\mathrm{def}}{=} 1",
            r"a \stackrel{def}{=} 1",
            r"a \triangleq 1 \overset{(a)}{=} 2 - 1",
        ],
        [r"a \stackrel{\mathrm{def}}{=} 2", r"a \triangleq 2"],
    ),
    "a sign behind a sum": (
        VECTORS,
        [r"w^\top x = -\sum_{i=1}^n -w_i x_i"],
        [r"w^\top x = \sum_{i=1}^n -w_i x_i"],
    ),
    "dots in a sum": (
        VECTORS,
        [
            r"w^\top x = w_1 x_1 + \cdots + w_n x_n",
            r"w^\top x - 1 = w_1 x_1 + w_2 x_2 + \ldots + w_n x_n - 1",
            r"-w^\top x = -w_1 x_1 - w_2 x_2 - ... - w_n x_n",
            r"w^\top x = w_n x_n + w_{n-1} x_{n-1} + \dots + w_1 x_1",
        ],
        [
            r"w^\top x = w_1 x_1 + \cdots + w_{n-1} x_{n-1}",
            r"w^\top x = w_2 x_2 + \cdots + w_n x_n",
        ],
    ),
    "dots in a product": (
        VECTORS,
        [
            r"(\prod_i x_i) w^\top w = x_1 x_2 \cdots x_n w^\top w",
            r"(\prod_i x_i) \sum_i w_i"
            r" = x_1 \cdot x_2 \cdot \ldots \cdot x_n (w_1 + w_2 + \cdots + w_n)",
        ],
        [r"(\prod_i x_i) w^\top w = x_2 \cdots x_n w^\top w"],
    ),
    "dots between powers and between numbers": (
        "a = 0.3\nn = 6",
        [
            r"\frac{1 - a^{n+1}}{1 - a} = 1 + a + a^2 + \cdots + a^n",
            r"\frac{n (n+1)}{2} a = (1 + 2 + \cdots + n) a",
        ],
        [
            r"\frac{1 - a^{n+1}}{1 - a} = 1 + a + a^2 + \cdots + a^{n-1}",
            r"\frac{n (n-1)}{2} a = (1 + 2 + \cdots + n) a",
        ],
    ),
    "dots between layers": (
        "W = [rng.normal(size=(3, 3)) for _ in range(4)]\nL = 4\n"
        "A = W[0] @ W[1] @ W[2] @ W[3]\nB = W[3] @ W[2] @ W[1] @ W[0]",
        [r"A = W^{(1)} \cdots W^{(L)}, \quad B = W^{(L)} \cdots W^{(1)}"],
        [r"B = W^{(1)} \cdots W^{(L)}, \quad A = A"],
    ),
    "dots in a list": (
        "x = rng.normal(size=4)\nn = 4\ny = x[::-1]",
        [r"x = [x_1, \ldots, x_n]^\top, \quad y = (x_n, \dots, x_1)"],
        [r"x = (x_2, \ldots, x_n), \quad y = y", r"y = (x_1, \ldots, x_n)"],
    ),
    "factorials": (
        "n = 5\nk = 2",
        [
            r"n! = n (n-1) \cdots 1 \quad n! = 120 \quad k! = 1 \cdot 2",
            r"{n \choose k} = \frac{n!}{k! (n-k)!} = \binom{n}{k}",
        ],
        [r"n! = 61 k!", r"{n \choose k} = \frac{n!}{(n-k)!}"],
    ),
    "norms": (
        "x = rng.normal(size=4)\nW = rng.normal(size=(3, 2))\np = 3.5",
        [
            r"\|x\|_p = \left(\sum_i |x_i|^p\right)^{1/p} \quad W = W",
            r"\|W\|_\mathrm{F}^2 + p = \sum_{i,j} W_{ij}^2 + p, \quad x = x",
            r"\|W\|_{\textrm F} = \|W\|_{\mathrm{F}} \quad \|x\|_3^3 = \sum_i |x_i|^3,"
            r" \quad p = p",
        ],
        [
            r"\|x\|_p = \left(\sum_i |x_i|^2\right)^{1/p} \quad W = W",
            r"\|W\|_\mathrm{F} = \sum_{i,j} W_{ij}^2 \quad \|x\|_p = \|x\|_p",
        ],
    ),
    "integrals": (
        "a = 1.3",
        [
            r"\int_0^a x^2 + 1 \, dx = \frac{a^3}{3} + a",
            r"\int_{-\infty}^{\infty} e^{-a x^2} \mathrm{d} x = \sqrt{\frac{\pi}{a}}",
            r"\int_0^\infty e^{-a x} dx = \frac1a = \int_{-\infty}^0 e^{a t} dt",
            r"\int_{-1}^{a} |x| \, dx = \frac{1 + a^2}{2} = -\int_a^{-1} |x| dx",
            r"\int_0^1 \int_0^{a} x y \, dx \, dy = \frac{a^2}{4}",
            r"\int_0^a \ln x \, dx = a \ln a - a",
            r"\frac{d}{da} \int_0^a x^2 e^{a x} dx"
            r" = a^2 e^{a^2} + \int_0^a x^3 e^{a x} dx",
        ],
        [
            r"\int_0^a x^2 + 1 \, dx = \frac{a^3}{3} + 1",
            r"\int_{-\infty}^{\infty} e^{-a x^2} dx = \frac{\pi}{a}",
            r"\int_0^1 \int_0^{a} x y \, dx \, dy = \frac{a}{4}",
            r"\frac{d}{da} \int_0^a x^2 e^{a x} dx = a^2 e^{a^2}",
        ],
    ),
    "integrals for each index": (
        "x = rng.normal(size=3)",
        [r"\int_0^{x_i} t \, dt = \frac12 x_i^2", r"\int_0^1 x t \, dt = \frac12 x"],
        [r"\int_0^{x_i} t \, dt = \frac13 x_i^2", r"\int_0^1 x t \, dt = x"],
    ),
    "derivatives written short": (
        "x = rng.normal(size=3)\ny = 0.4",
        [
            "L = y \\sum_i x_i^3 \\\\\n"
            r"\partial_{x_i} L = 3 y x_i^2, \quad \partial_y L = \sum_i x_i^3 \\"
            "\n"
            r"\partial_y \partial_{x_i} L = 3 x_i^2"
        ],
        [
            "L = y \\sum_i x_i^3 \\\\\n\\partial_{x_i} L = 2 y x_i^2",
            "L = y^2 \\sum_i x_i \\\\\n\\partial_y^2 L = 2 y \\sum_i x_i",
        ],
    ),
    "means over draws": (
        "sample x = rng.normal(size=40000)\n\\mu = 0.0",
        [
            r"E[(x - \mu)^2] = 1",
            r"E_{x \sim P}[(x - \mu)^2] = 1",
            r"x \sim N(\mu, 1), \quad E[(x - \mu)^2] = 1",
        ],
        [r"E[(x - \mu)^2] = 1.1", r"E_{x \sim P}[(x - \mu)^2] = 0.9"],
    ),
    "functions under a condition": (
        "P = lambda a, b: a / (1 + b)\nu = 1.0\nv = 3.0",
        [r"P(u \mid v) = P(u | v) = \frac{u}{1 + v}"],
        [r"P(u \mid v) = \frac{v}{1 + u}"],
    ),
    "divergences": (
        "D = lambda a, b: np.sum(a * np.log(a / b))\n"
        "p = np.array([0.2, 0.8])\nq = np.array([0.5, 0.5])",
        [
            r"D(p \| q) = \sum_i p_i \log \frac{p_i}{q_i} = D(p || q)",
            r"D\bigl[p \big\| q\bigr] = D\Bigl[p \Bigl|\Bigr| q \Bigr]",
        ],
        [r"D(p || q) = D(q || p)"],
    ),
    "the new value": (
        "w = rng.normal(size=3)\n\\eta = 0.1\ng = rng.normal(size=3)\nw' = w - 0.1 * g",
        [r"w \leftarrow w - \eta g", r"w_i \leftarrow w_i - \eta g_i = w'_i"],
        [r"w \leftarrow w + \eta g", r"w_i \leftarrow w_i - g_i + \eta - \eta"],
    ),
    "two digits": (
        "W = rng.normal(size=(4, 3))\na = W[0, 0] - W[3, 1]",
        ["a = W_{11} - W_{42}"],
        ["a = W_{11} - W_{41}"],
    ),
    "plain entries of a bold vector": (
        r"\mathbf{x} = rng.normal(size=3)",
        [r"\mathbf{x}^\top \mathbf{x} = \sum_i x_i^2 = x_1^2 + x_2^2 + x_3^2"],
        [r"\mathbf{x}^\top \mathbf{x} = x_1^2 + x_2^2"],
    ),
    "entries with a letter of their own": (
        "\\mathbf{W} = rng.normal(size=(3, 4))\nentries w of \\mathbf{W}",
        [r"\|\mathbf{W}\|_F^2 = \sum_{i,j} w_{ij}^2"],
        [r"\|\mathbf{W}\|_F^2 = \sum_{i,j} w_{ij}^2 + w_{11}"],
    ),
    "functions without brackets before them": (
        "f = np.cosh\nx = 1.2",
        [r"e^{\log f(x)} = f(x)"],
        [r"e^{\log f(x)} = x f(x)"],
    ),
}


@pytest.mark.parametrize(
    ("comment", "latex"),
    [(comment, latex) for comment, true, _ in HELD.values() for latex in true],
)
def test_true(check: Check, comment: str, latex: str) -> None:
    result = check(comment.strip("\n"), latex)
    assert result.status == "checked", result.reason


@pytest.mark.parametrize(
    ("comment", "latex"),
    [(comment, latex) for comment, _, false in HELD.values() for latex in false],
)
def test_false(check: Check, comment: str, latex: str) -> None:
    result = check(comment.strip("\n"), latex)
    assert result.status == "failed"
    assert "disagree" in result.reason or "shapes" in result.reason, result.reason


REFUSED = [
    # dots that can go on in two ways
    (VECTORS, r"n = x_1 + \cdots + x_{2 n - 1}", "One more term before them"),
    (VECTORS, r"n = x_1 + x_3 + \cdots + x_n", "go up by 2"),
    (VECTORS, r"n = 1 + 4 + 9 + \cdots + n^2", "go up by 5"),
    (VECTORS, r"n = 1 + n^2 + \cdots + n^n", "go up by 2"),
    (VECTORS, r"n = 1 + \cdots + n", "One more term before them"),
    (VECTORS, r"n = x_1 + x_2 + \cdots", "a term before and a term behind"),
    (VECTORS, r"n = x_1 - x_2 + \cdots - x_n", "The signs beside them differ"),
    (VECTORS, r"n = x_1 w_2 + \cdots + x_n w_3", "differ in more than one number"),
    (VECTORS, r"n = x_1 + \cdots + x_1", "differ in more than one number"),
    # words that change the meaning
    (VECTORS, r"n = 4 \text{ or } n = 5", "`or` is not read"),
    (VECTORS, r"n \stackrel{d}{=} 4", "= with d above is not read"),
    # letters with two meanings
    (VECTORS, r"n = \sum_{T=1}^n x^T", r"write ^\top for the transpose"),
    ("w = 1.0\nv = 1.0", "w \\leftarrow w - 1 \\\\ v = w", "the old one meant here"),
    ("w = 1.0", r"w \leftarrow w - 1 \leftarrow w", r"one \leftarrow in each"),
    ("P = np.add\na = 1.0", r"P(a | a) = P(a, a)", "two functions"),
    ("\\mathbf{x} = np.ones(3)\nx = 2.0", "x = x_1", r"\mathbf{x} and x are both x"),
    (
        "f = np.tanh\n\\mathbf{f} = 2.0",
        "\\mathbf{f} = 2",
        r"f and \mathbf{f} are both f",
    ),
    ("f = 2.0\n\\mathbf{f} = np.tanh", "f = 2", r"f and \mathbf{f} are both f in Pyt"),
    ("entries w of W\na = 1.0", "a = w_{11}", "W is not known here"),
    ("W = np.ones((12, 3))\na = 1.0", "a = W_{11}", "Write A_{1,2}"),
    # where something ends
    ("a = 1.0", r"a = \int_0^1 a", "where does this integral end?"),
    ("a = 1.0", r"a = \int x \, dx", "State both bounds"),
    ("a = 1.0", r"a = \int_0 x \, dx", "both bounds are needed"),
    ("a = 1.0", r"a = \int_0^1 \frac{1}{x} dx", "does it converge?"),
    ("a = 1.0\nb = 1.0", r"\partial_a b a = 1", "where does the derivative end?"),
    ("a = 1.0", r"a = \partial a", r"\partial_x f"),
    ("a = 1.0", r"a = a^2!", "brackets around what ! belongs to"),
    ("a = 1.5", r"a = a!", "not whole"),
    ("x = np.ones(3)\np = -1.0", r"p = \|x\|_p", "greater than 0"),
    ("sample x = rng.normal(size=9)", r"E[x | x] = 1", "under a condition"),
    (VECTORS, r"x_i = \sum_i x_i + w_i", "or put brackets around the summand"),
]


@pytest.mark.parametrize(("comment", "latex", "message"), REFUSED)
def test_refused(check: Check, comment: str, latex: str, message: str) -> None:
    result = check(comment.strip("\n"), latex)
    assert result.status == "failed"
    assert message in result.reason, result.reason


def test_a_draw_is_a_remark() -> None:
    rows = read_statements(r"x \sim N(0, 1), \quad y = x^2", Names())
    assert [row.statement.relation.operators for row in rows] == [("=",)]


def test_integrals_are_exact_to_rounding(evaluate: Callable[..., float]) -> None:
    assert evaluate(r"\int_0^1 \frac{1}{\sqrt{x}} dx") == pytest.approx(2, rel=1e-11)
    bell = evaluate(r"\int_{-1}^{1} e^{-x^2 / 2} dx")
    assert bell == pytest.approx(np.sqrt(2 * np.pi) * 0.682689492137086, rel=1e-13)

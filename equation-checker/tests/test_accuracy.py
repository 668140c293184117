"""Right equations pass whatever the numbers; wrong ones fail, however near."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eqcheck import Page, check_text, read_text
from eqcheck.arrays.extrapolate import extrapolate
from eqcheck.arrays.values import Value

SEEDS = 14  # of three draws each
SOFTMAX = "p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()\n"
ENTROPY = SOFTMAX + "L = -(y * np.log(p)).sum()"
SIZES = "x = 10.0 ** rng.uniform(-6, 3, size=5)\n"
SIGNED = "x = 10.0 ** rng.uniform(-6, 3, size=5) * rng.choice([-1, 1], size=5)\n"

# Each is right, and its derivative goes through Python.
RIGHT = {
    "cross-entropy of 4": (
        f"z = rng.normal(size=4)\ny = np.eye(4)[rng.integers(4)]\n{ENTROPY}",
        r"\frac{\partial L}{\partial z_k} = p_k - y_k",
    ),
    "cross-entropy of 10": (
        f"z = 3 * rng.normal(size=10)\ny = rng.dirichlet(np.ones(10))\n{ENTROPY}",
        r"\frac{\partial L}{\partial z_k} = p_k - y_k",
    ),
    "roots": (
        SIZES + "S = np.sqrt(x).sum()",
        r"\frac{\partial S}{\partial x_i} = \frac{1}{2 \sqrt{x_i}}",
    ),
    "root": (SIZES + "f(x) = np.sqrt(x)", r"f'(x_i) = \frac{1}{2 \sqrt{x_i}}"),
    "product": (
        SIGNED + "S = np.prod(x)",
        r"\frac{\partial S}{\partial x_i} = \frac{S}{x_i}",
    ),
    "norm": (
        "x = rng.normal(size=6)\nr = np.linalg.norm(x)",
        r"\frac{\partial r}{\partial x_i} = \frac{x_i}{r}",
    ),
    "log-sum-exp": (
        "x = 4 * rng.normal(size=7)\nm = np.log(np.exp(x).sum())",
        r"\frac{\partial m}{\partial x_i} = \frac{\exp(x_i)}{\sum_j \exp(x_j)}",
    ),
    "entropy": (
        "p = rng.dirichlet(0.3 * np.ones(6)) + 1e-6\nH = -(p * np.log(p)).sum()",
        r"\frac{\partial H}{\partial p_i} = -\ln p_i - 1",
    ),
    "absolute values": (
        SIGNED + "S = np.abs(x).sum()\ns = np.sign(x)",
        r"\frac{\partial S}{\partial x_i} = s_i",
    ),
    "real numbers only": (
        SIZES + "log = np.vectorize(lambda v: np.log(float(v)))\nS = log(x).sum()",
        r"\frac{\partial S}{\partial x_i} = \frac{1}{x_i}",
    ),
    "logistic loss": (
        "x = 5 * rng.normal(size=6)\ny = rng.integers(2, size=6)\n"
        "L = np.sum(np.logaddexp(0, x) - x * y)",
        r"\frac{\partial L}{\partial x_i} = \frac{1}{1 + \exp(-x_i)} - y_i",
    ),
    "ReLU": (
        "x = rng.normal(size=6)\nM = np.maximum(x, 0.0).sum()\nh = (x > 0) * 1.0",
        r"\frac{\partial M}{\partial x_i} = h_i",
    ),
    "second derivative": (
        "x = 10.0 ** rng.uniform(-4, 3, size=5)\nf(x) = np.sqrt(x)",
        r"f''(x_i) = -\frac{1}{4 x_i \sqrt{x_i}}",
    ),
    "Hessian": (
        "x = 10.0 ** rng.uniform(-3, 2, size=4)\nf(x) = -np.log(x).sum()",
        r"\frac{\partial^2 f(x)}{\partial x_i \partial x_j} = "
        r"\frac{\delta_{ij}}{x_i^2}",
    ),
    "second derivative of LaTeX": (
        "x = 10.0 ** rng.uniform(-5, 2, size=4)",
        r"\frac{\partial^2}{\partial x_i^2} \left(\sum_j x_j \ln x_j\right) = "
        r"\frac{1}{x_i}",
    ),
}


def verdict(comment: str, latex: str) -> str:
    """What becomes of one equation."""
    page = Page(trials=False)
    (source,) = read_text(f"<!-- equation\n{comment}\n-->\n$$\n{latex}\n$$\n")
    item = page.read(source)
    if item.error is not None:
        return item.error.message
    return "false" if item.failed else "true"


@pytest.mark.parametrize("name", RIGHT)
def test_right_derivatives_are_never_called_false(name):
    comment, latex = RIGHT[name]
    for seed in range(SEEDS):
        assert verdict(f"# {seed}\n{comment}", latex) == "true", seed


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("factor", ["-1", "1.001", "1.0000001"])
def test_wrong_derivatives_are(name, factor):
    comment, latex = RIGHT[name]
    left, right = latex.split(" = ")
    wrong = rf"{left} = {factor} \cdot \left({right}\right)"
    assert verdict(comment, wrong) == "false"


def test_entries_are_compared_by_their_own_size():
    comment = "x = np.array([1e12, 3.0])\ny = np.array([1e12, 4.0])"
    assert verdict(comment, "y_i = x_i") == "false"
    assert verdict(comment, "2 y_1 = y_1 + x_1") == "true"


def test_rounding_where_large_terms_cancel_is_forgiven():
    comment = "A = 1e6 * rng.normal(size=(5, 5))\nx = rng.normal(size=5)"
    latex = r"A^{-1} (A x) = x, \quad \sum_j A_{ij} x_j - (A x)_i + x_i = x_i"
    assert verdict(comment, latex.split(",")[0]) == "true"


# ------------------------------------------------------------------------- means

NORMAL = "sample z = 1.5 * rng.normal(size=20_000)"


def test_means_are_decided_by_the_draws():
    assert verdict(NORMAL, r"\mathbb{E}[z^2] = 2.25") == "true"
    assert verdict(NORMAL, r"\mathbb{E}[z^2] = 2.26") == "false"
    assert verdict(NORMAL, r"\operatorname{Var}(z) = 2.25") == "true"
    assert verdict(NORMAL, r"\operatorname{Var}(z) = 2.24") == "false"
    assert verdict(NORMAL, r"\mathbb{E}[z] = 0") == "true"
    assert verdict(NORMAL, r"\mathbb{E}[z] = 0.01") == "false"
    assert verdict(NORMAL, r"\Pr(z > 0) = 0.5") == "true"


def test_too_few_draws_are_refused():
    comment = "sample z = rng.standard_t(5, size=20_000)"
    found = verdict(comment, r"\mathbb{E}[z^2] = \frac{5}{3}")
    assert re.search(r"decided to .* % only.* times as many draws", found)
    found = verdict("sample z = rng.normal(size=50)", r"\mathbb{E}[z^2] = 1")
    assert "too few" in found


def test_a_mean_inside_a_mean():
    latex = r"\mathbb{E}[(z - \mathbb{E}[z])^2] = 2.25"
    assert verdict(NORMAL, latex) == "true"
    assert verdict(NORMAL, latex.replace("2.25", "2.3")) == "false"


def test_the_stated_error_holds():
    """Of plain and of evenly spread draws, few are off by more than it says."""
    for law in ("normal(size=4000)", "laplace(size=4000)"):
        off = []
        for seed in range(60):
            page = Page(draws=1, trials=False)
            text = (
                f"<!-- equation\n# {seed}\nsample z = rng.{law}\n-->\n$$\nm = z\n$$\n"
            )
            page.read(next(iter(read_text(text))))
            z = page.roots[0].given["z"].content
            assert isinstance(z, Value)
            groups = z.array.reshape(25, -1).mean(axis=1)
            off.append(abs(groups.mean()) / (groups.std(ddof=1) / 5))
        assert np.mean(np.array(off) > 2) < 0.2
        assert max(off) < 5


def test_draws_that_are_all_there_is_are_exact():
    comment = "sample z = np.array([-1.0, 1.0, 2.0, -2.0])"
    assert verdict(comment, r"\mathbb{E}[z^2] = 2.5") == "true"
    assert verdict(comment, r"\mathbb{E}[z^2] = 2.500001") == "false"


def test_draws_need_not_come_row_by_row():
    comment = "sample z = rng.normal(size=(3, 40_000)).T"
    assert verdict(comment, r"\mathbb{E}[z_1^2 z_2^2] = 1") != "false"
    comment = "sample z = rng.normal(size=80_000).reshape(-1, 2)"
    assert verdict(comment, r"\mathbb{E}[z_1 z_2 + 1] = 1") != "false"


# ------------------------------------------------------------------------ limits


def test_limits_are_extrapolated():
    comment = "sequence N = 10.0 ** np.arange(2, 6)"
    latex = r"\lim_{N \to \infty} \left( 1 + \frac{1}{N} \right)^N = e"
    assert verdict(comment, latex) == "true"
    assert verdict(comment, latex + " + 0.00001") == "false"
    comment = "x = 0.3\nsequence h = 0.5 ** np.arange(2, 7)"
    latex = r"\lim_{h \to 0} \frac{\sin(x + h) - \sin(x)}{h} = \cos(x)"
    assert verdict(comment, latex) == "true"
    assert verdict(comment, latex + " + 0.0001") == "false"


def test_a_limit_that_does_not_settle_is_refused():
    comment = "sequence h = 10.0 ** -np.arange(1, 5)"
    found = verdict(comment, r"\lim_{h \to 0} \sin(1 / h) = 0")
    assert "does not settle down" in found
    found = verdict("sequence h = [0.1, 0.2, 0.3]", r"\lim_{h \to 0} h = 0")
    assert "ever nearer" in found


def test_extrapolation_tells_its_error():
    steps = 0.5 ** np.arange(5)
    found, error = extrapolate([np.exp(h) for h in steps], list(steps), 0.0)
    assert abs(found - 1) <= error < 1e-3
    found, error = extrapolate([np.sqrt(h) for h in steps], list(steps), 0.0)
    assert error > 0.05


# ----------------------------------------------------------------- approximately


@pytest.mark.parametrize(
    ("latex", "comment", "expected"),
    [
        (r"\pi \approx 3.14", "", "true"),
        (r"\pi \approx 3.15", "", "false"),
        (r"\pi \approx 3.140", "", "false"),
        (r"-\pi \approx -3.1416", "", "true"),
        (r"a \approx 1.23 \cdot 10^{-4}", "a = 1.2345e-4", "true"),
        (r"a \approx 1.24 \cdot 10^{-4}", "a = 1.2345e-4", "false"),
        (r"a \approx b", "a = 1e-4\nb = 1.05e-4\ntolerance = 1e-2", "false"),
        (r"a \approx b", "a = 1e-4\nb = 1.005e-4\ntolerance = 1e-2", "true"),
    ],
)
def test_approximately_is_as_precise_as_shown(latex, comment, expected):
    assert verdict(comment, latex) == expected


@pytest.mark.parametrize(
    ("comment", "latex"),
    [
        (f"{NORMAL}\ntolerance = 0.1", r"\mathbb{E}[z^2] = 2.25"),
        ("tolerance = 0.1", r"\pi \approx 3.14"),
    ],
)
def test_a_tolerance_where_none_is_needed_is_refused(comment, latex):
    assert r"for \approx between two expressions" in verdict(comment, latex)


def test_two_expressions_need_a_tolerance():
    assert "`tolerance = 1e-3`" in verdict("a = 1.0\nb = 1.001", r"a \approx b")


# ----------------------------------------------------------------- random numbers


def test_an_edit_elsewhere_changes_no_number():
    below = "<!-- equation\nx = rng.normal(size=3)\n-->\n$$\nx_i = x_i\n$$\n"
    above = "<!-- equation\nq = rng.normal(size=9)\n-->\n$$\nq_i = q_i\n$$\n\n"
    found = []
    for text in (below, above + below):
        page = Page(trials=False)
        for source in read_text(text):
            page.read(source)
        found.append([root.python["x"] for root in page.roots])
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0][0], found[0][1])  # each draw is another


def test_the_same_equation_twice_has_other_numbers():
    text = "<!-- equation\nx = rng.normal(size=3)\n-->\n$$\nx_i = x_i\n$$\n\n"
    page = Page(trials=False)
    first, second = (
        [page.read(source), page.roots[0].python["x"]][1]
        for source in read_text(text + text)
    )
    assert not np.array_equal(first, second)


def test_a_page_gives_the_same_result_twice():
    text = f"<!-- equation\n{NORMAL}\n-->\n$$\n\\mathbb{{E}}[z^2] = 2.26\n$$\n"
    assert check_text(text, "a.md")[0].reason == check_text(text, "a.md")[0].reason

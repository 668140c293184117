"""The formulas of docstrings, held against functions the checker never heard of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eqcheck import CHECKED, FAILED, Result
from eqcheck.outside.docstring import is_setting, states
from eqcheck.outside.docstrings import Package

MODULE = '''
import numpy as np


def mean_square(x, scale=1.0):
    r"""Mean square.

    $$
    M = \\frac{s}{n} \\sum_{i=1}^{n} x_i^2
    $$

    At $s = 1$ it is the plain one.

    Parameters
    ----------
    x : array of any shape
    scale : float, at least 0
        The factor $s$.
    """
    return scale * np.mean(np.square(x))


def mean_square_backward(dy, x, scale=1.0):
    r"""Gradient of `mean_square`.

    $$
    \\frac{\\partial M}{\\partial x_i} = 2 r_i
    $$

    where $r_i = \\frac{s}{n} x_i$ is small.

    Parameters
    ----------
    dy : float
    x : array of any shape
    scale : float, at least 0
    """
    return dy * 2 * scale * x / np.size(x)


def bend(x):
    r"""A bend.

    $$
    g(x) = \\begin{cases} x & x > 0 \\\\ x^2 & x \\le 0 \\end{cases}
    $$

    Parameters
    ----------
    x : array of any shape
    """
    return np.where(x > 0, x, x**2)
'''
INIT = "from elsewhere.sizes import *\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(module: str, symbols: dict[str, str] | None = None) -> Package:
        for name in [n for n in sys.modules if n.partition(".")[0] == "elsewhere"]:
            monkeypatch.delitem(sys.modules, name)
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text(INIT, encoding="utf-8")
        (folder / "sizes.py").write_text(module, encoding="utf-8")
        return Package.read(folder, symbols or {}, tmp_path)

    return write


def results(package: Package) -> dict[str, list[Result]]:
    return {name: package.check(name) for name in package.docstrings}


def test_formulas_are_checked_without_a_word_of_markup(write):
    found = results(write(MODULE))
    assert {name: [r.status for r in each] for name, each in found.items()} == {
        "sizes.mean_square": [CHECKED],
        "sizes.mean_square_backward": ["definition", CHECKED],
        "sizes.bend": [CHECKED],
    }
    assert all(r.caught == r.mutants for each in found.values() for r in each)


@pytest.mark.parametrize(
    ("right", "wrong", "name", "line"),
    [
        ("x_i^2", "x_i^3", "mean_square", 9),
        (r"2 r_i", r"3 r_i", "mean_square_backward", 27),
        (r"\frac{s}{n} x_i$", r"\frac{1}{n} x_i$", "mean_square_backward", 27),
        (r"x & x > 0", r"2x & x > 0", "bend", 45),
        (r"return dy * 2", r"return dy * 3", "mean_square_backward", None),
        (r"np.where(x > 0", r"np.where(x < 0", "bend", 45),
    ],
)
def test_a_difference_is_an_error_at_its_line(write, right, wrong, name, line):
    assert right in MODULE
    found = results(write(MODULE.replace(right, wrong)))[f"sizes.{name}"]
    reasons = [r.reason for r in found if r.status == FAILED]
    assert reasons
    assert reasons[0].startswith(f"elsewhere/sizes.py:{line or ''}")


def test_the_host_gives_what_a_docstring_does_not_tell(write):
    text = 'r"""F.\n\n    $$\n    F = 2 q\n    $$\n    """'
    module = f"def f(a):\n    {text}\n    return 2 * a\n"
    assert [r.status for r in results(write(module))["sizes.f"]] == [FAILED]
    given = {"sizes.f": "q = rng.normal()\nF = elsewhere.f(q)"}
    assert [r.status for r in results(write(module, given))["sizes.f"]] == [CHECKED]
    left = {"sizes.f": "leave F = 2 q, because nobody knows q"}
    (result,) = results(write(module, left))["sizes.f"]
    assert result.reason == "not checked, because nobody knows q"


def test_symbols_for_what_does_not_exist_are_an_error(write):
    with pytest.raises(ValueError, match=r"sizes\.none"):
        write(MODULE, {"sizes.none": "x = 1"})
    package = write(MODULE, {"sizes.bend": "leave h = 2, because it is gone"})
    with pytest.raises(ValueError, match="no formula h = 2"):
        package.check("sizes.bend")


def test_results_are_kept_until_the_docstring_changes(write, tmp_path):
    kept = tmp_path / "kept"
    first = write(MODULE).check("sizes.bend", cache=kept)
    assert write(MODULE).check("sizes.bend", cache=kept) == first
    assert len(list(kept.iterdir())) == 1
    broken = write(MODULE.replace("x^2 & x", "x^3 & x"))
    assert [r.status for r in broken.check("sizes.bend", cache=kept)] == [FAILED]


@pytest.mark.parametrize(
    ("formula", "before", "setting"),
    [
        ("p = 0", "", True),
        (r"i = 1, \dots, n", "for ", True),
        ("|w| = t", "no derivative at ", True),
        ("q_k = 0 < p_k", "infinite where some ", True),
        ("r_i = y_i - x_i", "where ", False),
        ("p = 2 q", "", False),
    ],
)
def test_settings(formula, before, setting):
    assert is_setting(formula, before) is setting


def test_a_relation_in_brackets_states_nothing():
    assert not states(r"\prod_{i<l} s_i")
    assert not states("[i = j]")
    assert states("[i = j] = x")

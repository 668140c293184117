"""Random expressions, written as LaTeX and read back, have the value they had."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqcheck.arrays.values import index, spread
from eqcheck.check.page import Page, read_expression
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.latex.errors import EquationError
from eqcheck.latex.names import Names
from eqcheck.outside.sources import read_text
from eqcheck.symbols.lookup import Root

X = np.array([1.5, -0.5, 2.0])
M = np.array([[0.5, -1.0, 2.0], [3.0, 1.0, -0.25], [1.25, 0.75, -2.0]])
NUMBERS = {"a": 0.75, "b": -1.5, "\\mu": 2.0, "\\hat{y}": 0.25, "n_{\\text{in}}": 3.0}
COMMENT = """\
<!-- equation
x = np.array([1.5, -0.5, 2.0])
M = np.array([[0.5, -1.0, 2.0], [3.0, 1.0, -0.25], [1.25, 0.75, -2.0]])
a = 0.75
b = -1.5
\\mu = 2.0
\\hat{y} = 0.25
n_{\\text{in}} = 3.0
-->
$$
0 = 0
$$
"""

# How tightly a piece of LaTeX holds together.
SUM, OPEN, PRODUCT, FACTOR = 0, 1, 2, 3


@dataclass(frozen=True)
class Piece:
    """LaTeX with its binding strength, and its value at given indices."""

    latex: str
    strength: int
    value: Callable[[dict[str, int]], float]

    def __repr__(self) -> str:
        return self.latex

    def within(self, strength: int, brackets: int = 0) -> str:
        """The LaTeX as part of something that binds this tightly."""
        if self.strength >= strength:
            return self.latex
        left, right = [
            ("(", ")"),
            ("\\left(", "\\right)"),
            ("[", "]"),
            ("\\bigl(", "\\bigr)"),
        ][brackets % 4]
        return f"{left} {self.latex} {right}"


def atoms(indices: tuple[str, ...]) -> st.SearchStrategy[Piece]:
    numbers = st.sampled_from(["2", "3", "0.5", "1", "\\frac12", "\\pi"])
    table = {"\\frac12": 0.5, "\\pi": math.pi}

    def number(text: str) -> Piece:
        value = table.get(text) or float(text)
        return Piece(text, FACTOR, lambda _: value)

    def symbol(name: str) -> Piece:
        return Piece(name, FACTOR, lambda _: NUMBERS[name])

    def entry(name: str) -> Piece:
        latex = f"x_{name}" if len(name) == 1 else f"x_{{{name}}}"
        return Piece(latex, FACTOR, lambda at: float(X[at[name] - 1]))

    def entry_of_two(pair: tuple[str, str], comma: str) -> Piece:
        first, second = pair
        return Piece(
            f"M_{{{first}{comma}{second}}}",
            FACTOR,
            lambda at: float(M[at[first] - 1, at[second] - 1]),
        )

    names = st.sampled_from(indices)
    return st.one_of(
        numbers.map(number),
        st.sampled_from(sorted(NUMBERS)).map(symbol),
        names.map(entry),
        st.builds(
            entry_of_two, st.tuples(names, names), st.sampled_from([",", ", ", " "])
        ),
    )


def combined(
    below: st.SearchStrategy[Piece], inner: st.SearchStrategy[Piece], bound: str
) -> st.SearchStrategy[Piece]:
    """Expressions made of smaller ones; those in `inner` may use a bound index."""
    style = st.integers(0, 3)

    def add(a: Piece, b: Piece, sign: str, k: int) -> Piece:
        right = b.within(OPEN, k)
        one = 1 if sign == "+" else -1
        return Piece(
            f"{a.within(SUM)} {sign} {right}",
            SUM,
            lambda at: a.value(at) + one * b.value(at),
        )

    def negative(a: Piece, k: int) -> Piece:
        return Piece(f"-{a.within(OPEN, k)}", SUM, lambda at: -a.value(at))

    def multiply(a: Piece, b: Piece, dot: str, k: int) -> Piece:
        right = b.within(FACTOR, k)
        if not dot and right[0].isdigit():
            dot = "\\cdot"  # `2 3` is no product
        left = a.within(PRODUCT, k + 1)
        return Piece(
            f"{left} {dot} {right}", PRODUCT, lambda at: a.value(at) * b.value(at)
        )

    def divide(a: Piece, b: Piece, slash: bool, k: int) -> Piece:
        if slash:
            latex = f"{a.within(FACTOR, k)} / {b.within(FACTOR, k)}"
            return Piece(latex, OPEN, lambda at: a.value(at) / b.value(at))
        latex = f"\\frac{{{a.latex}}}{{{b.latex}}}"
        return Piece(latex, FACTOR, lambda at: a.value(at) / b.value(at))

    def power(a: Piece, n: int, k: int) -> Piece:
        base = a.latex if a.latex in {"a", "b", "\\mu"} else f"({a.latex})"
        return Piece(f"{base}^{{{n}}}", FACTOR, lambda at: a.value(at) ** n)

    def call(a: Piece, name: str, k: int) -> Piece:
        function = {"exp": np.exp, "tanh": np.tanh, "cos": np.cos, "sin": np.sin}[name]
        brackets = ["({})", "\\left( {} \\right)", "\\bigl[ {} \\bigr]", "\\{{ {} \\}}"]
        latex = f"\\{name} {brackets[k].format(a.latex)}"
        return Piece(latex, FACTOR, lambda at: float(function(a.value(at))))

    def exponential(a: Piece) -> Piece:
        return Piece(f"e^{{{a.latex}}}", FACTOR, lambda at: math.exp(a.value(at)))

    def absolute(a: Piece, k: int) -> Piece:
        bars = ["|{}|", "\\left| {} \\right|", "\\lvert {} \\rvert", "\\|{}\\|"][k]
        return Piece(bars.format(a.latex), FACTOR, lambda at: abs(a.value(at)))

    def largest(a: Piece, b: Piece, name: str) -> Piece:
        choose = {"max": max, "min": min}[name]
        return Piece(
            f"\\{name}({a.latex}, {b.latex})",
            FACTOR,
            lambda at: choose(a.value(at), b.value(at)),
        )

    def total(a: Piece, operator: str, with_bounds: bool) -> Piece:
        below = f"{bound} = 1" if with_bounds else bound
        above = "^{3}" if with_bounds else ""
        shown = f"x_{bound}" in a.latex and f"_{{{bound}" not in a.latex
        if not with_bounds and not shown:  # no array here shows the range
            below, above = f"{bound} = 1", "^3"

        def value(at: dict[str, int]) -> float:
            terms = [a.value({**at, bound: j}) for j in (1, 2, 3)]
            return float({"sum": sum, "prod": math.prod, "max": max}[operator](terms))

        return Piece(
            f"\\{operator}_{{{below}}}{above} {a.within(PRODUCT)}", OPEN, value
        )

    def cases(a: Piece, b: Piece, c: Piece, words: bool) -> Piece:
        if_, otherwise = ("\\text{if } ", "\\text{otherwise}") if words else ("", "")
        otherwise = otherwise or f"{c.latex} \\le 0"
        latex = (
            f"\\begin{{cases}} {a.latex} & {if_}{c.latex} > 0 \\\\"
            f" {b.latex} & {otherwise} \\end{{cases}}"
        )
        return Piece(
            latex, FACTOR, lambda at: a.value(at) if c.value(at) > 0 else b.value(at)
        )

    return st.one_of(
        st.builds(add, below, below, st.sampled_from("+-"), style),
        st.builds(negative, below, style),
        st.builds(
            multiply, below, below, st.sampled_from(["", "\\cdot", "\\,"]), style
        ),
        st.builds(divide, below, below, st.booleans(), style),
        st.builds(power, below, st.integers(-2, 3), style),
        st.builds(call, below, st.sampled_from(["exp", "tanh", "cos", "sin"]), style),
        st.builds(exponential, below),
        st.builds(absolute, below, style),
        st.builds(largest, below, below, st.sampled_from(["max", "min"])),
        st.builds(total, inner, st.sampled_from(["sum", "prod"]), st.booleans()),
        st.builds(cases, below, below, below, st.booleans()),
    )


def expressions(indices: tuple[str, ...], bound: str) -> st.SearchStrategy[Piece]:
    leaves = atoms(indices)
    inside = atoms((*indices, bound))
    return st.recursive(
        leaves,
        lambda below: combined(below, st.one_of(below, inside), bound),
        max_leaves=8,
    )


def _symbols() -> tuple[Root, Names]:
    page = Page(draws=1, trials=False)
    item = page.read(read_text(COMMENT)[0])
    assert item.error is None, item.error
    return page.roots[0], page.names


ROOT, NAMES = _symbols()


def test_the_expressions_are_not_all_alike():
    """The generator reaches every kind of node."""
    seen = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(expressions(("i",), "j"))
    def collect(piece: Piece) -> None:
        seen.update(w for w in KINDS if w in piece.latex)

    collect()
    assert seen == KINDS


KINDS = {
    "\\sum",
    "\\prod",
    "\\frac",
    "cases",
    "|",
    "\\max",
    "e^",
    "^{-2}",
    "M_{i,",
    "-",
}


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(expressions(("i",), "j"))
def test_read_back(piece):
    running = index(1, 3)
    try:
        with np.errstate(all="ignore"):
            wanted = [piece.value({"i": i}) for i in (1, 2, 3)]
    except (OverflowError, ZeroDivisionError):
        assume(False)
    assume(np.all(np.isfinite(wanted)) and np.max(np.abs(wanted)) < 1e9)
    with np.errstate(all="ignore"):
        node = read_expression(piece.latex, NAMES, 1)
        value = Evaluator(ROOT, {"i": running}).value(node)
    found = np.broadcast_to(np.real(spread(value, running.axes)), 3)
    assert value.ndim == 0
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


TOKENS = [
    *("x_i", "\\sum", "_", "^", "{", "}", "(", ")", "[", "]", "+", "-", "=", "/"),
    *("\\frac", "|", "\\|", ",", "&", "\\\\", "2", "k", "\\cdot", "\\ln", "\\left("),
    *("\\right)", "\\partial", "'", "\\begin{cases}", "\\end{cases}", "\\quad"),
    *("\\text{if}", "\\top", "\\max", "\\nabla", "\\mathbb{E}", "\\delta", "\\in"),
    *("\\dots", ".", "\\hat"),
]


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_nonsense_is_refused_with_an_error_of_ours(tokens):
    page = Page(draws=1, trials=False)
    text = COMMENT.replace("0 = 0", " ".join(tokens).replace("$", "") or "x")
    item = page.read(read_text(text)[0])
    if item.error is not None:
        assert isinstance(item.error, EquationError)
        assert "stumbles" not in item.error.message, item.error.message

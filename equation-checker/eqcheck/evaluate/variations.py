"""Expressions at other values of a symbol: a stated one, a sequence, random draws."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from eqcheck.arrays.values import SAMPLES, Value, constant, elementwise
from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import At, Limit, Mean, Symbol, walk
from eqcheck.symbols.lookup import Layered


def at_values(evaluator: Context, node: At) -> Value:
    r"""`\left. body \right|_{x = 0}`."""
    changed: dict[str, Value] = {}
    for target, new in zip(node.targets, node.values, strict=True):
        if not isinstance(target, Symbol) or target.layer is not None:
            raise EquationError("a plain symbol is expected here", target.at)
        changed[target.name] = evaluator.value(new)
    return evaluator.among(Layered(evaluator.env, changed)).value(node.body)


def limit(evaluator: Context, node: Limit) -> Value:
    """The last value along the stated sequence, which must settle down."""
    name = node.variable
    if name not in evaluator.sequences:
        raise EquationError(
            f"give the values of {name} in the comment: "
            f"sequence {name} = 10.0 ** -np.arange(2, 6)",
            node.at,
        )
    values = []
    for step in evaluator.sequences[name]:
        env = Layered(evaluator.env, {name: constant(step)})
        values.append(evaluator.among(env).value(node.body))
    changes = [
        float(np.max(np.abs(elementwise(np.subtract, b, a).array), initial=0.0))
        for a, b in pairwise(values)
    ]
    if len(changes) > 1 and changes[-1] > 0.9 * changes[0] + 1e-12:
        raise EquationError("the stated sequence does not settle down", node.at)
    return values[-1]


def mean(evaluator: Context, node: Mean) -> Value:
    """An expectation, probability or variance as that of the draws."""
    value = evaluator.value(node.body)
    if SAMPLES not in value.axes:
        message = "nothing random here: give the symbol by `sample x = ...`"
        raise EquationError(message, node.at)
    _check_names(evaluator, node)
    place = value.axes.index(SAMPLES)
    rest = tuple(axis for axis in value.axes if axis != SAMPLES)
    array = value.array
    if node.kind == "Var":
        array = (array - array.mean(axis=place, keepdims=True)) ** 2
    return Value(array.mean(axis=place), rest)


def _check_names(evaluator: Context, node: Mean) -> None:
    r"""What stands below `\mathbb{E}` is all that is random, since draws are joint."""
    if not node.over:
        return
    given = evaluator.env.root.given
    drawn = {name for name, symbol in given.items() if symbol.sample}
    here = {each.name for each in walk(node.body) if isinstance(each, Symbol)}
    wrong = sorted({*node.over} - drawn) or sorted(here & drawn - {*node.over})
    if wrong:
        raise EquationError(
            rf"the mean is over {', '.join(node.over)}; what about {wrong[0]}?", node.at
        )

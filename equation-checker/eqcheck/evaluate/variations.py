"""Expressions at other values of a symbol: a stated one, a sequence, random draws."""

from __future__ import annotations

import numpy as np

from eqcheck.arrays.draws import GROUPS, group_starts
from eqcheck.arrays.extrapolate import extrapolate
from eqcheck.arrays.values import (
    EXTRAPOLATED,
    GROUPED,
    SAMPLES,
    Array,
    Value,
    constant,
    spread,
    union,
)
from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import At, Limit, Mean, Node, Symbol, walk
from eqcheck.symbols.lookup import Layered

DECIDED = 0.01  # the error of a limit or a mean must be less than this part of it


def at_values(evaluator: Context, node: At) -> Value:
    r"""`\left. body \right|_{x = 0}`."""
    changed: dict[str, Value] = {}
    for target, new in zip(node.targets, node.values, strict=True):
        if not isinstance(target, Symbol) or target.layer is not None:
            raise EquationError("a plain symbol is expected here", target.at)
        changed[target.name] = evaluator.value(new)
    return evaluator.among(Layered(evaluator.env, changed)).value(node.body)


def limit(evaluator: Context, node: Limit) -> Value:
    """The limit, extrapolated from the stated sequence, with its error beside it."""
    name = node.variable
    if name not in evaluator.sequences:
        raise EquationError(
            f"give the values of {name} in the comment: "
            f"sequence {name} = 10.0 ** -np.arange(2, 6)",
            node.at,
        )
    steps = evaluator.sequences[name]
    distances = _distances(steps, evaluator.value(node.target), node)
    values = []
    for step in steps:
        env = Layered(evaluator.env, {name: constant(step)})
        values.append(evaluator.among(env).value(node.body))
    axes, ndim = union(values), max(value.ndim for value in values)
    arrays = [spread(value, axes, ndim) for value in values]
    found, error = extrapolate(np.broadcast_arrays(*arrays), distances, 0.0)
    largest = max(float(np.max(np.abs(array), initial=0.0)) for array in arrays)
    if not np.max(error, initial=0.0) <= DECIDED * largest:
        raise EquationError("the stated sequence does not settle down", node.at)
    ordinary = found.ndim - len(axes)
    array = np.stack([found, found + error], axis=len(axes))
    return _with_axis(array, axes, EXTRAPOLATED, ordinary)


def _distances(steps: Array, target: Value, node: Limit) -> list[float]:
    """How far each step is from the target, with sign; infinity is far from all."""
    end = float(np.real(target.array))
    distances = 1 / steps if np.isinf(end) else steps - end
    sizes = np.abs(distances)
    if len(steps) < 3 or np.any(sizes == 0) or np.any(np.diff(sizes) >= 0):
        message = f"{node.variable} needs three steps or more, ever nearer to its end"
        raise EquationError(message, node.at)
    return list(map(float, distances))


def _with_axis(array: Array, axes: tuple[int, ...], new: int, ordinary: int) -> Value:
    """Take the axis just before the ordinary ones for a new one, beside the others."""
    place = array.ndim - ordinary - 1
    if new in axes:  # of errors that both count: keep the first and the larger
        raise EquationError("a limit of a limit is not read")
    order = tuple(sorted((*axes, new)))
    return Value(np.moveaxis(array, place, order.index(new)), order)


def mean(evaluator: Context, node: Mean) -> Value:
    """An expectation, probability or variance as that of the draws.

    Beside it stands what it would be without each group of them, unless the draws are
    not random but all that there is.
    """
    value = evaluator.value(node.body)
    if SAMPLES not in value.axes:
        message = "nothing random here: give the symbol by `sample x = ...`"
        raise EquationError(message, node.at)
    _check_names(evaluator, node)
    rest = tuple(axis for axis in value.axes if axis != SAMPLES)
    array = np.moveaxis(value.array, value.axes.index(SAMPLES), 0)
    if not _is_random(evaluator, node.body):
        if node.kind == "Var":
            array = (array - array.mean(axis=0)) ** 2
        return Value(array.mean(axis=0), rest)
    if len(array) < 4 * GROUPS:
        message = f"{len(array)} draws are too few to tell their error"
        raise EquationError(message, node.at)
    place = 1 + rest.index(GROUPED) if GROUPED in rest else None
    centre = array.mean(axis=0) if node.kind == "Var" else 0
    found = _without_each(array - centre, place)
    if node.kind == "Var":
        found = _without_each((array - centre) ** 2, place) - found**2
    axes = tuple(sorted({*rest, GROUPED}))
    return Value(np.moveaxis(found, 0, axes.index(GROUPED)), axes)


def _without_each(array: Array, place: int | None) -> Array:
    """The mean along the first axis, then that without each group of draws in turn.

    At `place` stands the axis of such means inside, if there are any.
    """
    starts = group_starts(len(array))
    counts = np.diff([*starts, len(array)])
    sums = np.add.reduceat(array, starts, axis=0)
    if place is None:
        total = sums.sum(axis=0)
        left = len(array) - counts.reshape((-1,) + (1,) * total.ndim)
        return np.concatenate([total[None] / len(array), (total - sums) / left])
    sums = np.moveaxis(sums, place, 1)
    total = sums.sum(axis=0)
    groups = np.arange(len(starts))
    left = len(array) - counts.reshape((-1,) + (1,) * (total.ndim - 1))
    without = (total[1:] - sums[groups, groups + 1]) / left
    return np.concatenate([total[:1] / len(array), without])


def _is_random(evaluator: Context, body: Node) -> bool:
    """Whether the draws behind an expression come from `rng`."""
    root = evaluator.env.root
    drawn = frozenset(
        key
        for key, given in root.given.items()
        if given.sample and "rng" in given.python.names
    )
    return any(
        isinstance(each, Symbol) and root.depends(each.name, None, drawn)
        for each in walk(body)
    )


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

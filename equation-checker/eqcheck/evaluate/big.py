"""Sums, products, maxima: whatever runs over an index of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqcheck.arrays.values import (
    Array,
    Value,
    both,
    constant,
    elementwise,
    full,
    index,
    multiply,
    new_axis,
    union,
)
from eqcheck.evaluate.conditions import holds
from eqcheck.evaluate.context import Context
from eqcheck.evaluate.ranges import infer_range
from eqcheck.evaluate.sets import elements
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Big,
    Binder,
    Node,
    Product,
    Relation,
    Symbol,
    names_in,
    remembered,
    walk,
)


def evaluate_big(evaluator: Context, node: Big) -> Value:
    """The value of a big operator."""
    if any(needs_loop(binder.name, node) for binder in node.binders):
        return _loop(evaluator, node)
    flat = _merge(node)
    inner = evaluator
    axes: list[int] = []
    mask: Value | None = None
    for binder in flat.binders:
        running, live = _running(inner.where(mask), binder, flat)
        inner = inner.inside(**{binder.name: running})
        axes += running.axes
        mask = both(mask, live)
    for condition in flat.conditions:
        mask = both(mask, holds(inner.where(mask), condition))
    sizes = {a: inner_size(inner, a) for a in axes}
    if 0 in sizes.values():
        return _empty(node)
    inside = inner.where(mask)
    if node.operator == r"\sum" and mask is None and isinstance(flat.body, Product):
        values = [inside.value(factor) for factor in flat.body.factors]
        if all(value.ndim == 0 for value in values):
            return _contract(values, axes, sizes)
        body = values[0]
        for value in values[1:]:
            body = multiply(body, value)
    else:
        body = inside.value(flat.body)
    return _reduce(flat, body, mask, axes, sizes, inner)


def inner_size(evaluator: Context, axis: int) -> int:
    """How far a running index runs."""
    for value in evaluator.scope.values():
        if value.axes == (axis,):
            return int(value.array.size)
    raise AssertionError(axis)


def _merge(node: Big) -> Big:
    """Nested sums as one sum, so that they can be contracted together."""
    while (
        node.operator == r"\sum"
        and isinstance(node.body, Big)
        and node.body.operator == r"\sum"
        and not node.body.conditions
        and not {b.name for b in node.binders} & {b.name for b in node.body.binders}
        and not any(needs_loop(b.name, node.body) for b in node.body.binders)
    ):
        inner = node.body
        node = Big(
            node.operator,
            node.binders + inner.binders,
            node.conditions,
            inner.body,
            at=node.at,
        )
    return node


def needs_loop(name: str, node: Node) -> bool:
    """Whether an index picks layers, whose arrays may differ in shape."""
    return name in _names_in_layers(node)


@remembered
def _names_in_layers(node: Node) -> set[str]:
    layers = (each.layer for each in walk(node) if isinstance(each, Symbol))
    return set().union(*(names_in(layer) for layer in layers if layer is not None))


def _running(
    evaluator: Context, binder: Binder, node: Big
) -> tuple[Value, Value | None]:
    """The index with an axis of its own, and where it is within its range."""
    if binder.within is not None:
        numbers = elements(evaluator, binder.within)
        return Value(numbers, (new_axis(),)), None
    if binder.low is None or binder.high is None:
        low, high = infer_range(evaluator, binder.name, [node.body], node.at)
        return index(low, high), None
    low_value = _bound(evaluator, binder.low)
    high_value = _bound(evaluator, binder.high)
    if low_value.array.size == high_value.array.size == 1:
        low, high = int(low_value.array.item()), int(high_value.array.item())
        _forward(low, high, node)
        return index(low, high), None
    running = index(int(low_value.array.min()), int(high_value.array.max()))
    above = elementwise(np.less_equal, low_value, running)
    below = elementwise(np.less_equal, running, high_value)
    return running, both(above, below)


def _bound(evaluator: Context, node: Node) -> Value:
    value = evaluator.value(node)
    real = np.real(value.array)
    if value.ndim or np.any(np.abs(real - np.round(real)) > 1e-9):
        raise EquationError("a bound must be a whole number", node.at)
    if not np.all(np.isfinite(real)):
        raise EquationError("an infinite range cannot be run through", node.at)
    return Value(np.round(real).astype(int), value.axes)


def _forward(low: int, high: int, node: Big) -> None:
    r"""Refuse `\prod_{l=L}^{1}`: is it empty, or does it run from last to first."""
    if high < low - 1:
        raise EquationError(f"the range {low}..{high} runs backwards", node.at)


def _empty(node: Big) -> Value:
    if node.operator == r"\sum":
        return constant(0)
    if node.operator == r"\prod":
        return constant(1)
    raise EquationError(f"{node.operator} over nothing", node.at)


def _contract(values: list[Value], axes: list[int], sizes: dict[int, int]) -> Value:
    """A sum of products without building the product."""
    missing = 1
    present = {axis for value in values for axis in value.axes}
    for axis in axes:
        if axis not in present:
            missing *= sizes[axis]
    kept = tuple(axis for axis in union(values) if axis not in axes)
    places = {axis: k for k, axis in enumerate(union(values))}
    operands: list[Any] = []
    for value in values:
        operands += [value.array, [places[axis] for axis in value.axes]]
    result = np.einsum(
        *operands, [places[axis] for axis in kept], optimize=len(values) > 2
    )
    return Value(np.asarray(result * missing), kept)


def _reduce(
    node: Big,
    body: Value,
    mask: Value | None,
    axes: list[int],
    sizes: dict[int, int],
    inner: Context,
) -> Value:
    values = [body] if mask is None else [body, mask]
    wide = tuple(sorted({*union(values), *axes}))
    known = dict(sizes)
    for value in values:
        known.update(zip(value.axes, value.array.shape, strict=False))
    array = full(body, wide, known)
    live: Array | None = None
    if mask is not None:
        live = full(mask, wide, known)
        live = live.reshape(live.shape + (1,) * body.ndim)
    places = tuple(wide.index(axis) for axis in axes)
    rest = tuple(axis for axis in wide if axis not in axes)
    match node.operator:
        case r"\sum":
            array = array if live is None else np.where(live, array, 0)
            return Value(array.sum(axis=places), rest)
        case "mean":
            count = np.prod([sizes[axis] for axis in axes])
            if live is not None:
                array, count = np.where(live, array, 0), live.sum(axis=places)
            return Value(array.sum(axis=places) / count, rest)
        case r"\prod":
            if body.ndim and live is not None:
                raise EquationError("a product of matrices with a condition", node.at)
            array = array if live is None else np.where(live, array, 1)
            if body.ndim:
                return _matrix_product(Value(array, wide), axes, node)
            return Value(array.prod(axis=places), rest)
        case r"\max" | r"\min" | r"\arg\max" | r"\arg\min":
            return _extreme(node, Value(array, wide), live, axes, inner)
    raise EquationError(f"{node.operator} is not read", node.at)


def _extreme(
    node: Big, value: Value, live: Array | None, axes: list[int], inner: Context
) -> Value:
    if value.ndim:
        raise EquationError(f"{node.operator} of arrays: write the index", node.at)
    largest = node.operator.endswith("max")
    key = np.real(value.array)
    if live is not None:
        key = np.where(live, key, -np.inf if largest else np.inf)
        if not live.any(axis=tuple(value.axes.index(a) for a in axes)).all():
            raise EquationError(f"{node.operator} over nothing", node.at)
    rest = tuple(axis for axis in value.axes if axis not in axes)
    order = [value.axes.index(axis) for axis in (*rest, *axes)]
    kept = [value.array.shape[place] for place in order[: len(rest)]]
    flat = np.transpose(value.array, order).reshape((*kept, -1))
    key = np.transpose(key, order).reshape((*kept, -1))
    place = (np.argmax if largest else np.argmin)(key, axis=-1)
    if node.operator.startswith(r"\arg"):
        if len(axes) != 1:
            raise EquationError(f"{node.operator} over one index only", node.at)
        running = inner.scope[node.binders[0].name]
        return Value(running.array[place], rest)
    return Value(np.take_along_axis(flat, place[..., None], axis=-1)[..., 0], rest)


def _matrix_product(value: Value, axes: list[int], node: Big) -> Value:
    if len(axes) != 1:
        raise EquationError("a product of matrices runs over one index", node.at)
    place = value.axes.index(axes[0])
    rest = tuple(axis for axis in value.axes if axis != axes[0])
    parts = [Value(part, rest) for part in np.moveaxis(value.array, place, 0)]
    result = parts[0]
    for part in parts[1:]:
        result = multiply(result, part)
    return result


def _loop(evaluator: Context, node: Big) -> Value:
    """Run over layers one at a time, in order."""
    if len(node.binders) != 1:
        raise EquationError("an index of layers needs a sum of its own", node.at)
    binder = node.binders[0]
    if binder.low is None or binder.high is None:
        low, high = infer_range(evaluator, binder.name, [node.body], node.at)
    else:
        low = evaluator.integer(binder.low, "a bound over layers")
        high = evaluator.integer(binder.high, "a bound over layers")
    _forward(low, high, node)
    result: Value | None = None
    for layer in range(low, high + 1):
        inner = evaluator.inside(**{binder.name: constant(layer)})
        if not all(_certain(inner, condition) for condition in node.conditions):
            continue
        value = inner.value(node.body)
        if result is None:
            result = value
        elif node.operator == r"\sum":
            result = elementwise(np.add, result, value)
        elif node.operator == r"\prod":
            result = multiply(result, value)
        else:
            raise EquationError(f"{node.operator} over layers is not read", node.at)
    return _empty(node) if result is None else result


def _certain(evaluator: Context, condition: Relation) -> bool:
    mask = holds(evaluator, condition)
    if mask.array.size != 1:
        raise EquationError("a condition on a layer must be one truth", condition.at)
    return bool(mask.array)

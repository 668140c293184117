"""Derivatives, numerically, through definitions.

The variable gets one more axis: along it, each of its entries in turn is moved by a
tiny imaginary step, and all that follows from the variable is evaluated with it. A
complex step subtracts nothing, so it is exact to rounding. A derivative of something
that contains one is extrapolated from differences over steps that fit each entry.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqcheck.arrays.numeric import (
    HALVES,
    PART,
    SETTLED,
    STEP,
    by_order,
)
from eqcheck.arrays.values import (
    Array,
    Value,
    both,
    elementwise,
    full,
    new_axis,
    spread,
    take,
    union,
)
from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Call,
    Function,
    Gradient,
    Index,
    Node,
    Partial,
    Symbol,
    index_items,
)
from eqcheck.symbols.dependencies import has_derivative
from eqcheck.symbols.lookup import Layered, key_of
from eqcheck.symbols.state import Definition, Given


def partial(evaluator: Context, node: Partial) -> Value:
    """The value of a partial derivative."""
    *inner, target = node.targets
    body: Node = node.body
    if inner:
        body = Partial(node.body, tuple(inner), at=node.at)
    symbol, items = _target(evaluator, target)
    if isinstance(body, Index) and not inner:
        # of one entry: take the entry from the derivative of the whole, which is kept
        ndim = evaluator.value(body.base).ndim
        listed = index_items(body, ndim)
        if len(listed) == ndim:
            whole = _kept(evaluator, body.base, symbol)
            places = [evaluator.whole_number(item) for item in listed]
            return _pick(evaluator, whole, [*places, *items], body, symbol)
    whole = _kept(evaluator, body, symbol)
    if not items:
        return whole
    # the axes of the target come first to be picked from, then last again
    ndim = whole.ndim - _ndim(evaluator, symbol)
    turned = _turn(whole, ndim)
    found = _pick(evaluator, turned, items, None, symbol)
    return _turn(found, found.ndim - ndim)


def _turn(value: Value, count: int) -> Value:
    """Move the first ordinary axes behind the others."""
    first = len(value.axes)
    order = [
        *range(first),
        *range(first + count, value.array.ndim),
        *range(first, first + count),
    ]
    return Value(np.transpose(value.array, order), value.axes)


def _target(evaluator: Context, target: Node) -> tuple[Symbol, list[Value]]:
    if isinstance(target, Symbol):
        return target, []
    if isinstance(target, Index) and isinstance(target.base, Symbol):
        value = evaluator.value(target.base)
        return target.base, _indices(evaluator, target, value.ndim)
    raise EquationError("a derivative is taken with respect to a symbol", target.at)


def _indices(evaluator: Context, node: Index, ndim: int) -> list[Value]:
    return [evaluator.whole_number(item) for item in index_items(node, ndim)]


def _ndim(evaluator: Context, symbol: Symbol) -> int:
    return evaluator.value(symbol).ndim


def _pick(
    evaluator: Context,
    whole: Value,
    items: list[Value],
    body: Index | None,
    symbol: Symbol,
) -> Value:
    starts: list[int] = []
    root = evaluator.env.root
    if body is not None:
        base = body.base.name if isinstance(body.base, Symbol) else ""
        count = whole.ndim - _ndim(evaluator, symbol)
        starts += [*root.starts.get(base, ()), *[1] * count][:count]
    if len(items) > whole.ndim:
        raise EquationError("more indices than axes in this derivative", symbol.at)
    starts += [*root.starts.get(symbol.name, ()), *[1] * whole.ndim]
    found, wrong = take(whole, items, starts, None)
    if wrong is not None:
        live = both(wrong, evaluator.mask)
        if live is not None and live.array.any():
            message = "an index in this derivative is out of range"
            raise EquationError(message, symbol.at)
    return found


def _kept(evaluator: Context, body: Node, symbol: Symbol) -> Value:
    """The derivative of a whole by a whole; of two symbols it is kept."""
    layer = _layer(evaluator, symbol)
    if not isinstance(body, Symbol) or body.name in evaluator.scope:
        return jacobian(evaluator, body, symbol, layer)
    key = ("jacobian", body.name, _layer(evaluator, body), symbol.name, layer)
    return evaluator.env.root.kept(
        evaluator.env, key, lambda: jacobian(evaluator, body, symbol, layer)
    )


def _layer(evaluator: Context, symbol: Symbol) -> int | None:
    if symbol.layer is None:
        return None
    return evaluator.integer(symbol.layer, "a layer")


def jacobian(
    evaluator: Context, body: Node, symbol: Symbol, layer: int | None
) -> Value:
    """All derivatives of a body by all entries of a symbol.

    Its shape is the shape of the body followed by that of the symbol.
    """
    start = evaluator.env.lookup(symbol.name, layer, symbol.at)
    nested = has_derivative(evaluator.env.root, body)
    size = int(np.prod(start.shape, dtype=int))
    unit = np.eye(size).reshape(size, *start.shape)
    flat = start.array.reshape((*start.array.shape[: len(start.axes)], -1))
    sizes = _sizes(flat, start.axes) if nested else None

    def body_with(steps: Value) -> Value:
        moved = elementwise(np.add, start, steps)
        env = Layered(evaluator.env, {key_of(symbol.name, layer): moved})
        return evaluator.among(env).value(body)

    slopes = _slopes(body_with, unit, sizes)
    kept = slopes.array.shape[:-1]
    return Value(slopes.array.reshape((*kept, *start.shape)), slopes.axes)


def _slopes(
    body_with: Callable[[Value], Value], unit: Array, sizes: Value | None
) -> Value:
    """The slopes along each of the directions in `unit`, as a last ordinary axis.

    With the sizes of what is moved along each they are extrapolated from differences,
    else the step is complex.
    """
    axis = new_axis()
    if sizes is None:
        value = body_with(Value(1j * STEP * unit, (axis,)))
        array, rest = _last(value, axis, len(unit))
        return Value(np.imag(array) / STEP, rest)
    slope: Array | float = np.nan
    error: Array | float = np.inf
    axes: tuple[int, ...] = ()
    for reach in _reaches(sizes.array):
        steps = Value(PART * reach, sizes.axes)
        value = body_with(_moves(steps, axis, unit))
        array, rest = _last(value, axis, 2 * len(HALVES) * len(unit))
        axes = union([Value(array, rest), steps])
        found, apart = _extrapolated(
            spread(Value(array, rest), axes), spread(steps, axes)
        )
        better = apart < error
        slope, error = np.where(better, found, slope), np.where(better, apart, error)
        if np.all((error <= SETTLED * np.abs(slope)) | (slope == 0)):
            break
    return Value(np.asarray(slope), axes)


def _sizes(array: Array, axes: tuple[int, ...]) -> Value:
    """How large each entry is; an entry of 0 counts as large as the largest."""
    sizes = np.abs(np.real(array))
    largest = np.max(sizes, initial=0.0) or 1.0
    return Value(np.where(sizes == 0, largest, sizes), axes)


def _reaches(sizes: Array) -> list[Array]:
    """How far each entry may be moved, in the order of the attempts."""
    largest = np.max(sizes, initial=0.0)
    far = np.maximum(sizes, largest)
    return [np.maximum(sizes, 0.3 * largest), sizes, sizes / 16, 4 * far, 16 * sizes]


def _moves(steps: Value, axis: int, unit: Array) -> Value:
    """Every direction ahead and behind by the step and its halves, along the axis."""
    offsets = np.concatenate([HALVES, -HALVES])
    kept = steps.array.shape[:-1]
    sizes = (offsets[:, None] * steps.array[..., None, :])[..., None]
    moves = sizes * unit.reshape(len(unit), -1)
    return Value(moves.reshape((*kept, -1, *unit.shape[1:])), (*steps.axes, axis))


def _last(value: Value, axis: int, size: int) -> tuple[Array, tuple[int, ...]]:
    """The array with the axis as its last one, and its other axes."""
    rest = tuple(a for a in value.axes if a != axis)
    if axis not in value.axes:
        return np.zeros((*value.array.shape, size)), rest
    return np.moveaxis(value.array, value.axes.index(axis), -1), rest


def _extrapolated(array: Array, steps: Array) -> tuple[Array, Array]:
    """Slopes and their errors from the values ahead and behind, step by step."""
    wide = array.reshape((*array.shape[:-1], 2, len(HALVES), -1))
    ahead, behind = wide[..., 0, :, :], wide[..., 1, :, :]
    steps = HALVES[:, None] * steps[..., None, :]
    slopes = np.moveaxis((ahead - behind) / (2 * steps), -2, 0)
    noise = (
        np.finfo(float).eps * np.max(np.abs(wide), axis=(-3, -2)) / steps[..., -1, :]
    )
    slope, apart = by_order(slopes)
    return slope, apart + noise


def gradient(evaluator: Context, node: Gradient) -> Value:
    """The gradient, in the shape of the variable; order 2 is the Hessian."""
    if node.target is None:
        return _gradient_of_call(evaluator, node)
    targets = (node.target,) * node.order
    return evaluator.value(Partial(node.body, targets, at=node.at))


def _gradient_of_call(evaluator: Context, node: Gradient) -> Value:
    call = node.body
    if not isinstance(call, Call) or isinstance(call.function, Function):
        raise EquationError(r"by which symbol? Write \nabla_x", node.at)
    if len(call.arguments) != 1:
        raise EquationError(r"by which argument? Write \nabla_x", node.at)
    at_point = evaluator.value(call.arguments[0])
    name = "\\nabla argument"
    variable = Symbol(name, at=node.at)
    body = Call(call.function, (variable,), at=call.at)
    env = Layered(evaluator.env, {name: at_point})
    inner = evaluator.among(env)
    return inner.value(Partial(body, (variable,) * node.order, at=node.at))


def prime(evaluator: Context, node: Call) -> Value:
    """`f'(x)`, entry by entry where x is an array."""
    if len(node.arguments) != 1:
        raise EquationError("a prime belongs to a function of one argument", node.at)
    argument = evaluator.value(node.arguments[0])
    # every entry by itself: f is a function of one number
    axis = new_axis()
    kept = argument.array.shape[: len(argument.axes)]
    flat = Value(argument.array.reshape((*kept, -1)), (*argument.axes, axis))
    simple = Call(
        node.function, (Symbol("\\prime argument"),), node.primes - 1, at=node.at
    )
    nested = node.primes > 1 or _inside_has_derivative(evaluator, node)
    sizes = _sizes(flat.array[..., None], flat.axes) if nested else None

    def shifted(steps: Value) -> Value:
        env = Layered(
            evaluator.env, {"\\prime argument": elementwise(np.add, flat, steps)}
        )
        value = evaluator.among(env).value(simple)
        if value.ndim:
            raise EquationError("a prime belongs to a function of one number", node.at)
        return value

    slopes = _slopes(shifted, np.ones(1), sizes)
    slopes = Value(slopes.array[..., 0], slopes.axes)
    wide = union([slopes, flat])
    array = full(slopes, wide, dict(zip(flat.axes, flat.array.shape, strict=False)))
    place = wide.index(axis)
    array = np.moveaxis(array, place, -1)
    rest = tuple(a for a in wide if a != axis)
    return Value(array.reshape((*array.shape[:-1], *argument.shape)), rest)


def _inside_has_derivative(evaluator: Context, node: Call) -> bool:
    if isinstance(node.function, Function):
        return False
    found = evaluator.env.callable(node.function.name, 1)
    if isinstance(found, Definition):
        return has_derivative(evaluator.env.root, found.body)
    return not isinstance(found, Given)

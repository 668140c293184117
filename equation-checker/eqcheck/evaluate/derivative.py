"""Derivatives, numerically, through definitions.

The variable gets one more axis: along it, each of its entries in turn is moved by a
tiny imaginary step, and all that follows from the variable is evaluated with it. A
complex step subtracts nothing, so it is exact to rounding. A derivative of something
that contains one is a central difference.
"""

from __future__ import annotations

import numpy as np

from eqcheck.arrays.numeric import STEP
from eqcheck.arrays.values import (
    Array,
    Value,
    both,
    elementwise,
    full,
    new_axis,
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

# Central difference of 8th order, for derivatives of derivatives.
_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
_SPACING = 1e-2


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
    axis = new_axis()
    moved, weights = _moved(start, axis, nested=nested)
    env = Layered(evaluator.env, {key_of(symbol.name, layer): moved})
    inner = evaluator.among(env)
    value = inner.value(body)
    size = int(np.prod(start.shape, dtype=int))
    return _slopes(value, axis, size, start.shape, weights)


def _moved(start: Value, axis: int, *, nested: bool) -> tuple[Value, Array | None]:
    """The variable with one more axis along which its entries are moved."""
    size = int(np.prod(start.shape, dtype=int))
    unit = np.eye(size).reshape(size, *start.shape)
    if not nested:
        steps = Value(1j * STEP * unit, (axis,))
        return elementwise(np.add, start, steps), None
    spacing = _SPACING * max(1.0, float(np.max(np.abs(start.array), initial=0.0)))
    ahead = np.arange(1, len(_WEIGHTS) + 1) * spacing
    offsets = np.concatenate([ahead, -ahead])
    weights = np.concatenate([_WEIGHTS, np.negative(_WEIGHTS)]) / spacing
    stacked = np.concatenate([offset * unit for offset in offsets])
    return elementwise(np.add, start, Value(stacked, (axis,))), weights


def _slopes(
    value: Value,
    axis: int,
    size: int,
    shape: tuple[int, ...],
    weights: Array | None,
) -> Value:
    rest = tuple(a for a in value.axes if a != axis)
    if axis not in value.axes:
        kept = value.array.shape
        return Value(np.zeros((*kept, *shape)), rest)
    array = np.moveaxis(value.array, value.axes.index(axis), -1)
    kept = array.shape[:-1]
    if weights is None:
        slopes = np.imag(array) / STEP
    else:
        slopes = array.reshape((*kept, len(weights), size))
        slopes = np.tensordot(slopes, weights, axes=([len(kept)], [0]))
    return Value(np.reshape(slopes, (*kept, *shape)), rest)


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
    direction = new_axis()
    moved, weights = _moved(Value(np.zeros(())), direction, nested=nested)
    shifted = elementwise(np.add, flat, moved)
    env = Layered(evaluator.env, {"\\prime argument": shifted})
    value = evaluator.among(env).value(simple)
    if value.ndim:
        raise EquationError("a prime belongs to a function of one number", node.at)
    slopes = _slopes(value, direction, 1, (), weights)
    sizes = dict(zip(flat.axes, flat.array.shape, strict=False))
    wide = union([slopes, flat])
    array = full(slopes, wide, sizes)
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

"""Functions applied to values: of LaTeX, of the comment, or defined by an equation."""

from __future__ import annotations

import numpy as np

from eqcheck.arrays import functions
from eqcheck.arrays.numeric import call_opaque
from eqcheck.arrays.values import Value, new_axis
from eqcheck.evaluate.context import Context
from eqcheck.evaluate.derivative import prime
from eqcheck.latex.errors import EquationError
from eqcheck.latex.names import family_member
from eqcheck.latex.nodes import (
    Big,
    Call,
    Function,
    Gradient,
    Index,
    Matrix,
    Norm,
    Symbol,
    Transpose,
    walk,
)
from eqcheck.symbols.lookup import Layered, placed_in
from eqcheck.symbols.state import Definition, Given


def call(evaluator: Context, node: Call) -> Value:
    """The value of `f(x)`, or of `f'(x)`."""
    if node.primes:
        return prime(evaluator, node)
    arguments = [evaluator.value(argument) for argument in node.arguments]
    function = node.function
    if isinstance(function, Function):
        base = None if function.base is None else evaluator.value(function.base)
        return functions.apply(function.name, arguments, base)
    name = function.name
    if function.layer is not None:
        name = family_member(name, evaluator.integer(function.layer, "a layer"))
    found = evaluator.env.callable(name, len(arguments))
    if isinstance(found, Definition):
        return _defined(evaluator, found, arguments)
    if not isinstance(found, Given) or not callable(found.content):
        count = len(arguments)
        raise EquationError(f"{name} is no function of {count} arguments here", node.at)
    return call_opaque(found.content, arguments)


def _defined(
    evaluator: Context, definition: Definition, arguments: list[Value]
) -> Value:
    """Evaluate the body with the arguments in the place of the parameters."""
    assert definition.parameters is not None
    if any(argument.ndim for argument in arguments) and _of_numbers(
        evaluator, definition
    ):
        return _per_entry(evaluator, definition, arguments)
    names = [parameter.name for parameter in definition.parameters]
    env = Layered(evaluator.env, dict(zip(names, arguments, strict=True)))
    env.root.used.add(definition.mark)
    with placed_in(definition):
        if definition.indices:
            return env.root.materialise(env, definition, None)
        return evaluator.among(env, {}).value(definition.body)


def _of_numbers(evaluator: Context, definition: Definition) -> bool:
    """Whether a function is one of numbers, so that it applies entry by entry.

    It is if its body combines nothing but numbers, once its parameters are numbers.
    """
    if definition.indices:
        return False
    names = {parameter.name for parameter in definition.parameters or ()}
    for node in walk(definition.body):
        if isinstance(node, Index | Transpose | Norm | Big | Gradient | Matrix):
            return False
        if isinstance(node, Function) and node.name in functions.OF_ARRAYS:
            return False
        if isinstance(node, Symbol) and node.name not in names:
            try:
                if evaluator.value(node).ndim:
                    return False
            except EquationError:
                continue  # the name of a function
    return True


def _per_entry(
    evaluator: Context, definition: Definition, arguments: list[Value]
) -> Value:
    """Apply a function of numbers to arrays of one shape."""
    shapes = {argument.shape for argument in arguments if argument.ndim}
    if len(shapes) != 1:
        listed = " and ".join(map(str, shapes))
        raise EquationError(f"arguments of the shapes {listed}")
    (shape,) = shapes
    axis = new_axis()
    numbers = []
    for argument in arguments:
        if argument.ndim:
            kept = argument.array.shape[: len(argument.axes)]
            flat = argument.array.reshape((*kept, -1))
            numbers.append(Value(flat, (*argument.axes, axis)))
        else:
            numbers.append(argument)
    result = _defined(evaluator, definition, numbers)
    if axis not in result.axes:  # a constant function
        size = int(np.prod(shape))
        array = np.broadcast_to(result.array[..., None], (*result.array.shape, size))
        result = Value(array, (*result.axes, axis))
    kept = result.array.shape[:-1]
    return Value(result.array.reshape((*kept, *shape)), result.axes[:-1])

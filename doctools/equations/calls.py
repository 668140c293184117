"""Functions applied to values: of LaTeX, of the comment, or defined by an equation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doctools.equations import functions
from doctools.equations.derivative import prime
from doctools.equations.environment import Definition, Given, Layered
from doctools.equations.errors import EquationError
from doctools.equations.names import family_member
from doctools.equations.nodes import (
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
from doctools.equations.opaque import call_opaque
from doctools.equations.values import Value, new_axis

if TYPE_CHECKING:
    from doctools.equations.evaluate import Evaluator


def call(evaluator: Evaluator, node: Call) -> Value:
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
    evaluator: Evaluator, definition: Definition, arguments: list[Value]
) -> Value:
    """Evaluate the body with the arguments in the place of the parameters."""
    assert definition.parameters is not None
    if any(argument.ndim for argument in arguments) and _of_numbers(
        evaluator, definition
    ):
        return _per_entry(evaluator, definition, arguments)
    names = [parameter.name for parameter in definition.parameters]
    env = Layered(evaluator.env, dict(zip(names, arguments, strict=True)))
    env.root.used.add(definition.line)
    if definition.indices:
        return env.root.materialise(env, definition, None)
    return replace(evaluator, env=env, scope={}).value(definition.body)


def _of_numbers(evaluator: Evaluator, definition: Definition) -> bool:
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
    evaluator: Evaluator, definition: Definition, arguments: list[Value]
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

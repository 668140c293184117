r"""What may stand on the right of `\in`."""

from __future__ import annotations

import numpy as np

from eqcheck.arrays.values import Array, Value, constant, elementwise
from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Dots, Node, Symbol, Tuple, dimensions


def member(evaluator: Context, value: Value, container: Node) -> Value:
    """Where a value lies in a set."""
    if (sizes := dimensions(container)) is not None:
        wanted = tuple(evaluator.integer(size, "a dimension") for size in sizes)
        if value.shape != wanted:
            raise EquationError(
                f"the shape is {value.shape}, not {wanted}", container.at
            )
        return constant(1)
    if isinstance(container, Tuple) and container.opening != r"\{":
        return _in_interval(evaluator, value, container)
    if isinstance(container, Symbol) and container.name.startswith(r"\mathbb{"):
        return _in_numbers(value, container)
    wanted_numbers = elements(evaluator, container)
    return elementwise(lambda x: np.isin(np.real(x), wanted_numbers), value)


def _in_interval(evaluator: Context, value: Value, container: Tuple) -> Value:
    if len(container.items) != 2:
        raise EquationError("an interval has two ends", container.at)
    low, high = (evaluator.value(item) for item in container.items)
    closed_low, closed_high = container.opening == "[", container.closing == "]"
    above = elementwise(
        lambda x, a: np.real(x) >= a if closed_low else np.real(x) > a, value, low
    )
    below = elementwise(
        lambda x, b: np.real(x) <= b if closed_high else np.real(x) < b, value, high
    )
    return elementwise(np.logical_and, above, below)


def _in_numbers(value: Value, container: Symbol) -> Value:
    name, _, restriction = container.name.partition("_")
    restriction = restriction.strip("{}")
    real = np.real(value.array)
    whole = np.round(real) == real
    inside: Array = np.isfinite(real)
    if name == r"\mathbb{N}":
        inside = inside & whole & (real >= 0)
    elif name == r"\mathbb{Z}":
        inside = inside & whole
    elif name != r"\mathbb{R}":
        raise EquationError(f"{name} is no set that is read", container.at)
    match restriction.replace(r"\geq", ">=").replace(r"\ge", ">="):
        case "":
            pass
        case ">0" | "+" | r"\gt0":
            inside = inside & (real > 0)
        case ">=0":
            inside = inside & (real >= 0)
        case _:
            raise EquationError(f"{container.name} is not read", container.at)
    return Value(inside, value.axes)


def elements(evaluator: Context, container: Node) -> Array:
    """The numbers of a finite set."""
    if not isinstance(container, Tuple):
        value = evaluator.value(container)
        if value.ndim != 1 or value.axes:
            raise EquationError("a finite set of numbers is expected", container.at)
        return np.real(value.array)
    numbers: list[int | float] = []
    items = list(container.items)
    for k, item in enumerate(items):
        if isinstance(item, Dots):
            if not numbers or k + 1 >= len(items):
                raise EquationError(r"write \{1, \dots, n\}", item.at)
            first, last = int(numbers[-1]), evaluator.integer(items[k + 1], "the last")
            numbers += range(first + 1, last)
        else:
            value = evaluator.value(item)
            if value.array.size != 1:
                raise EquationError("an element must be a number", item.at)
            numbers.append(np.real(value.array).item())
    whole = all(isinstance(number, int) for number in numbers)
    return np.array(numbers, dtype=int if whole else float)

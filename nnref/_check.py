"""Argument checks: what NumPy would let through gets a `ValueError` here.

Each returns its argument ready for use, so that a check is one short call.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_F = TypeVar("_F", bound=Callable[..., Any])
_L = TypeVar("_L")
_M = TypeVar("_M", bound=Mapping[str, Any])
_P = TypeVar("_P")

Array: TypeAlias = NDArray[np.floating[Any]]
Scalar: TypeAlias = np.floating[Any]


def as_array(x: ArrayLike, name: str) -> NDArray[Any]:
    """Return x as an array of whatever it holds."""
    try:
        return np.asarray(x)
    except ValueError:
        message = f"{name} is {shown(x)}, expected rows of equal length"
        raise ValueError(message) from None


def as_float(x: ArrayLike, name: str) -> Array:
    """Return x as an array of floats; integers and booleans become float64.

    Half precision is refused: its sums and squares end at 65,504.
    """
    array = as_array(x, name)
    kind = array.dtype.kind
    if array.dtype == np.float16:
        raise ValueError(f"{name} has dtype float16, expected float32 or float64")
    if kind == "f":
        return array
    if kind not in "iub":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    return array.astype(np.float64)


def shaped(x: ArrayLike, shape: tuple[int, ...], name: str) -> Array:
    """Return x as an array of floats that has exactly this shape."""
    array = as_float(x, name)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    return array


def like(x: ArrayLike, model: Array, name: str) -> Array:
    """Return x in the dtype of `model`; it must have exactly its shape."""
    return shaped(x, model.shape, name).astype(model.dtype, copy=False)


def number(x: float, name: str, interval: str) -> float:
    """Return x as a Python float; it must be one number inside the interval.

    A Python float, unlike a NumPy one, leaves float32 arrays in float32.
    """
    low, high = _ends(interval)
    if not _is_number(x) or not (
        low < x < high
        or (x == low and interval[0] == "[")
        or (x == high and interval[-1] == "]")
    ):
        raise ValueError(f"{name} is {shown(x)}, expected a number in {interval}")
    return float(x)


def _is_number(x: Any) -> bool:
    if isinstance(x, float):  # first, as it nearly always is one
        return True
    if isinstance(x, np.ndarray | np.generic):
        return x.ndim == 0 and x.dtype.kind in "fiu"
    return isinstance(x, int) and not isinstance(x, bool)


def shown(x: Any) -> str:
    """Return x as an error shows it: its type alone where the rest would fill lines."""
    text = repr(x.item() if isinstance(x, np.generic) else x)
    short = len(text) <= 80 and "\n" not in text
    return text if short else f"of type {type(x).__name__}"


@functools.cache
def _ends(interval: str) -> tuple[float, float]:
    low, high = interval[1:-1].split(",")
    return float(low), float(high)


def whole(x: int, name: str, low: int = 1) -> int:
    """Return x as a Python int; it must be an integer of at least `low`."""
    if not isinstance(x, int | np.integer) or isinstance(x, bool) or x < low:
        raise ValueError(f"{name} is {shown(x)}, expected an integer of at least {low}")
    return int(x)


def integer(x: int, name: str) -> int:
    """Return x as a Python int, of either sign."""
    if not isinstance(x, int | np.integer) or isinstance(x, bool):
        raise ValueError(f"{name} is {shown(x)}, expected an integer")
    return int(x)


def generator(rng: np.random.Generator) -> np.random.Generator:
    """Return rng if it is a Generator, rather than a seed, say."""
    if not isinstance(rng, np.random.Generator):
        message = f"rng is {shown(rng)}, expected such as np.random.default_rng(0)"
        raise ValueError(message)
    return rng


def function(f: _F, name: str) -> _F:
    """Return f if it can be called."""
    if not callable(f):
        raise ValueError(f"{name} is {shown(f)}, expected a function")
    return f


def flag(x: bool, name: str) -> bool:
    """Return x as a Python bool; a number or a string is none."""
    if not isinstance(x, bool | np.bool_):
        raise ValueError(f"{name} is {shown(x)}, expected True or False")
    return bool(x)


def by_name(arrays: _M, name: str) -> _M:
    """Return arrays if it is a mapping, as `layer.params` is."""
    if not isinstance(arrays, Mapping):
        message = f"{name} is {shown(arrays)}, expected arrays by name, in a dict"
        raise ValueError(message)
    return arrays


def as_layer(layer: _L, name: str) -> _L:
    """Return layer if it has the methods of one, which a class of layers has not."""
    if isinstance(layer, type) or not hasattr(layer, "backward_params"):
        raise ValueError(f"{name} is {shown(layer)}, expected a Layer")
    return layer


def with_gradient(loss: _P) -> _P:
    """Return loss if it is a loss and its gradient, two functions."""
    if not isinstance(loss, tuple) or len(loss) != 2 or not all(map(callable, loss)):
        raise ValueError(
            f"loss is {shown(loss)}, expected the pair (loss, loss_backward), such as "
            "(softmax_cross_entropy, softmax_cross_entropy_backward)"
        )
    return loss


def nonempty(x: ArrayLike, name: str) -> Array:
    """Return x as an array of floats, not empty: there is no mean over nothing."""
    x = as_float(x, name)
    if x.size == 0:
        raise ValueError(f"{name} has shape {x.shape}, expected at least one element")
    return x


def distributions(p: ArrayLike, name: str) -> Array:
    """Return p, whose rows (last axis) must be probability distributions.

    A sum may be off 1 by 0.001, for float32 and for differences in gradient checks.
    """
    p = nonempty(p, name)
    if p.ndim == 0:
        raise ValueError(f"{name} is one number, expected at least one row")
    if not p.min() >= 0:
        raise ValueError(f"{name} holds {p.min()}, expected probabilities")
    total: Array = p.sum(axis=-1).ravel()
    off = np.abs(total - 1)
    if off.max() > 1e-3:
        worst = total[off.argmax()]
        raise ValueError(f"{name} has a row that adds up to {worst:g}, expected 1")
    return p


def upstream(dy: ArrayLike, x: Array) -> Array:
    """Return dy, the gradient for a single number, in the dtype of x."""
    return shaped(dy, (), "dy").astype(x.dtype)


def samples(
    x: ArrayLike, y: ArrayLike, x_name: str, y_name: str
) -> tuple[Array, Array]:
    """Return x and y as arrays with the same number of samples, at least one."""
    arrays = as_array(x, x_name), as_array(y, y_name)
    for array, name in zip(arrays, (x_name, y_name), strict=True):
        if array.ndim == 0 or not len(array):
            raise ValueError(
                f"{name} has shape {array.shape}, expected (n, ...), n > 0"
            )
    if len(arrays[0]) != len(arrays[1]):
        raise ValueError(
            f"{x_name} has {len(arrays[0])} samples and {y_name} {len(arrays[1])}, "
            "expected the same number"
        )
    return arrays


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the dtype if it is a floating-point type, at least float32."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        raise ValueError(f"dtype is {shown(dtype)}, expected a float type") from None
    if found.kind != "f":
        raise ValueError(f"dtype is {found}, expected a float type")
    if found == np.float16:
        raise ValueError("dtype is float16, expected float32 or float64")
    return found


def drawn(
    init: Callable[[Any, np.random.Generator], Array],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    dtype: DTypeLike,
) -> Array:
    """Return the first weights in an array of their own."""
    dtype = floating(dtype)
    w = np.array(as_float(function(init, "init")(shape, rng), "what init gave"), dtype)
    if w.shape != shape:
        raise ValueError(f"init gave shape {w.shape}, expected {shape}")
    return w

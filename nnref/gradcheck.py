r"""Checks of hand-written gradients against the function itself.

Both use central differences in float64, $(f(x + h) - f(x - h)) / 2h$ with
$h = \sqrt[3]{\epsilon} \max(1, |x|) \approx 6 \cdot 10^{-6} \max(1, |x|)$. Their
error is the sum of what the Taylor series leaves out, $h^2 |f'''| / 6$, and of
rounding, about $\epsilon |f| / h$; this $h$ makes both small: the relative error is
about 1e-10 where $f$, $f'$ and $f'''$ are of like size. Across a kink, such as that of
ReLU at 0, differences mean nothing.

The functions get copies of their arguments, and what they return is copied: they may
work in place. One that computes in float32 is refused: its rounding alone would make
the differences wrong by a percent. Where only a part of it does, that may go unnoticed:
the differences for that part are wrong, and a right gradient is called wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import (
    Array,
    as_array,
    as_float,
    function,
    generator,
    number,
    shown,
    whole,
)

__all__ = [
    "check_gradient",
    "numerical_gradient",
]

_EPSILON = 2.0**-52  # of float64
_STEP = _EPSILON ** (1 / 3)
_PROBE = 2.0**-20  # of a step: 6e-12, which float64 notices and float32 does not
_TINY = 2.0**-1022  # so that 0 / 0 is 0


def numerical_gradient(f: Callable[[Array], ArrayLike], x: ArrayLike) -> Array:
    r"""Gradient of a function of an array, by central differences.

    $$
    h_i = \sqrt[3]{\epsilon} \max(1, |x_i|), \qquad
    \frac{\partial f(x)}{\partial x_i} \approx
    \frac{f(x + h_i e_i) - f(x - h_i e_i)}{2 h_i}
    $$

    It calls f twice for each element of x, and three times more.

    Parameters
    ----------
    f : function
        Takes an array shaped like x, float64, and returns one number. It must compute
        in float64, all of it, and keep away from kinks; it may change its argument.
    x : array of any shape

    Returns
    -------
    float64 array shaped like x

    Raises
    ------
    ValueError
        If f does not return one number, or seems to compute in float32 or float16.

    References
    ----------
    Press, Teukolsky, Vetterling and Flannery (2007), Numerical Recipes, section 5.7.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, 0.0]])
    >>> print(np.round(nnref.numerical_gradient(lambda x: np.sum(x**3), x), 5))
    [[ 3.   12.   27.  ]
     [ 0.75 48.    0.  ]]
    >>> print(np.round(nnref.numerical_gradient(np.square, 1e8), 1))
    200000000.0
    >>> nnref.numerical_gradient(np.sin, x)
    Traceback (most recent call last):
    ValueError: f returned an array of shape (2, 3), expected one number
    >>> nnref.numerical_gradient(lambda x: np.sum(np.float32(x)), x)
    Traceback (most recent call last):
    ValueError: f returned float32, expected float64 to take differences of
    """
    x = as_float(x, "x").astype(np.float64)
    function(f, "f")

    def value(x: Array) -> Array:
        y = _result(f, x)
        if y.shape != ():
            raise ValueError(
                f"f returned an array of shape {y.shape}, expected one number"
            )
        return y

    h = _STEP * np.maximum(1, np.abs(x)) * np.random.default_rng(0).normal(size=x.shape)
    _check_precision("f", x, value(x), value(x + _PROBE * h), value(x + h))
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] += _STEP * max(1, abs(x[i]))
        below[i] -= _STEP * max(1, abs(x[i]))
        gradient[i] = (value(above) - value(below)) / (above[i] - below[i])
    return gradient


def check_gradient(
    f: Callable[..., ArrayLike],
    f_backward: Callable[..., ArrayLike | tuple[ArrayLike | None, ...]],
    *args: Any,
    wrt: Sequence[int] | None = None,
    rng: np.random.Generator | None = None,
    tol: float = 1e-7,
    **kwargs: Any,
) -> float:
    r"""Compare a gradient with differences of the function, by random projections.

    `f_backward(dy, *args)` should return $J^{\top} v$, where $v$ is `dy` and $J$ the
    Jacobian matrix of `f(*args)`. For random $v$ and $u$ this compares

    $$
    (J^{\top} v)^{\top} u \approx v^{\top} \frac{f(x + h u) - f(x - h u)}{2 h}
    $$

    for one argument after the other. A single difference checks all elements of an
    argument at once: a wrong one passes only if its error is below tol beside the norm
    of the whole gradient, or by a chance of probability 0. A random $v$ matters: at
    $v = 1$ the gradients of softmax and batch normalization vanish, so that even zeros
    would pass for them.

    Parameters
    ----------
    f : function of `*args, **kwargs` that returns an array
        The same arguments must give the same result, all of it computed in float64.
    f_backward : function of `dy, *args, **kwargs`
        Returns the gradient for each differentiable argument: an array, or a tuple.
        Both functions may change the arrays they get, also `dy`. None among the
        gradients counts for nothing.
    *args
        Where to check; keep away from kinks.
    wrt : positions in args of the differentiable arguments
        In the order of the gradients; without it, every NumPy array of floats.
    rng : random generator, `np.random.default_rng(0)` if not given
    tol : largest relative error to let pass
    **kwargs
        Passed to both functions.

    Returns
    -------
    float
        The largest relative error, beyond what rounding of f explains.

    Raises
    ------
    AssertionError
        If a gradient is off by more than tol, or not shaped like its argument.
    ValueError
        If f_backward returns more or fewer gradients than there are positions in wrt, f
        seems to compute in float32 or float16, there is no array of floats to check, or
        an argument of this function is none of what is listed here.

    References
    ----------
    Press, Teukolsky, Vetterling and Flannery (2007), Numerical Recipes, section 5.7.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> def scale(x, w):
    ...     return x * w
    >>> def scale_backward(dy, x, w):
    ...     return dy * w, (dy * x).sum(axis=0)
    >>> x, w = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([7.0, 8.0, 9.0])
    >>> nnref.check_gradient(scale, scale_backward, x, w) < 1e-9
    True
    >>> nnref.check_gradient(scale, lambda dy, x, w: dy * w, x, w, wrt=[0]) < 1e-9
    True
    >>> def wrong_backward(dy, x, w):
    ...     return dy * w, (dy * x).mean(axis=0)
    >>> nnref.check_gradient(scale, wrong_backward, x, w)
    Traceback (most recent call last):
    AssertionError: wrong_backward: the gradient for argument 1 is off by 0.5:
    along a random direction it gives -24.8, differences give -49.6
    """
    rng = np.random.default_rng(0) if rng is None else generator(rng)
    tol = number(tol, "tol", "(0, inf)")
    wrt = _positions(args, wrt)
    name = getattr(function(f_backward, "f_backward"), "__name__", "f_backward")
    x = [
        as_float(a, f"argument {i}").astype(np.float64) if i in wrt else a
        for i, a in enumerate(args)
    ]
    y = _result(function(f, "f"), *x, **kwargs)
    dy = rng.normal(size=y.shape)
    returned = f_backward(dy.copy(), *_copied(x), **_copied(kwargs))
    gradients = returned if isinstance(returned, tuple) else (returned,)
    gradients = tuple(g for g in gradients if g is not None)  # no bias, no db
    if len(gradients) != len(wrt):
        raise ValueError(
            f"{name} returned {len(gradients)} gradients, expected one for each "
            f"argument in wrt={wrt}"
        )
    rounding = 4 * _EPSILON * np.linalg.norm(dy * y)
    worst = 0.0
    for i, gradient in zip(wrt, gradients, strict=True):
        if np.shape(gradient) != x[i].shape:
            raise AssertionError(
                f"{name}: the gradient for argument {i} has shape "
                f"{np.shape(gradient)}, expected {x[i].shape}"
            )
        h = _STEP * np.maximum(1, np.abs(x[i])) * rng.normal(size=x[i].shape)
        above, below, near = (
            _result(f, *x[:i], moved, *x[i + 1 :], **kwargs)
            for moved in (x[i] + h, x[i] - h, x[i] + _PROBE * h)
        )
        _check_precision(getattr(f, "__name__", "f"), x[i], y, near, above)
        rise = np.sum(dy * (above - below))
        parts = gradient * ((x[i] + h) - (x[i] - h))  # their sum should be the rise
        scale = np.max([np.linalg.norm(parts), np.abs(rise), _TINY])
        error = float(np.maximum(np.abs(parts.sum() - rise) - rounding, 0) / scale)
        if not error <= tol:
            raise AssertionError(
                f"{name}: the gradient for argument {i} is off by {error:.1g}:\n"
                f"along a random direction it gives {parts.sum() / (2 * _STEP):.3g}, "
                f"differences give {rise / (2 * _STEP):.3g}"
            )
        worst = max(worst, error)
    return worst


def _positions(args: Sequence[Any], wrt: Sequence[int] | None) -> list[int]:
    """Return wrt if it holds positions in args, or those of all arrays of floats."""
    if wrt is None:
        arrays = [(i, a) for i, a in enumerate(args) if isinstance(a, np.ndarray)]
        wrt = [i for i, a in arrays if a.dtype.kind == "f"]
        if not wrt:
            raise ValueError("no argument is an array of floats: name some in wrt")
    elif not isinstance(wrt, Sequence) or any(
        whole(i, "a position in wrt", 0) >= len(args) for i in wrt
    ):
        message = f"wrt is {shown(wrt)}, expected positions in {len(args)} arguments"
        raise ValueError(message)
    return list(wrt)


def _copied(a: Any) -> Any:
    """Return a copy if it is an array, or a tuple, list or dict that may hold one."""
    if isinstance(a, np.ndarray):
        return a.copy()
    if type(a) in (tuple, list):
        return type(a)(_copied(item) for item in a)
    return {k: _copied(v) for k, v in a.items()} if type(a) is dict else a


def _result(f: Callable[..., ArrayLike], *args: Any, **kwargs: Any) -> Array:
    """Call f with copies, and return a copy: f may use one array again and again."""
    y = as_array(f(*_copied(args), **_copied(kwargs)), "the result of f")
    if y.dtype.kind == "f" and y.dtype.itemsize < 8:
        name = getattr(f, "__name__", "f").replace("<lambda>", "f")
        raise ValueError(
            f"{name} returned {y.dtype}, expected float64 to take differences of"
        )
    return as_float(y, "the result of f").copy()


def _check_precision(name: str, x: Array, y: Array, near: Array, far: Array) -> None:
    """Refuse f if most of y stays as it is in a step that float64 would notice.

    On the way to y may have been numbers as large as x, with their rounding.
    """
    move = _PROBE * np.abs(far - y)
    rounding = _EPSILON * np.maximum(np.abs(y), np.max(np.abs(x), initial=0))
    seen = (near != y)[move > 8 * rounding]
    if seen.size and seen.mean() < 0.5:
        raise ValueError(
            f"{name} gives the same for arguments that differ by 6e-12, "
            "expected it to compute in float64 all the way"
        )

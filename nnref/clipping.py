"""Gradient clipping: an upper limit for the size of a step.

Both functions take gradients by name, as `layer.grads` holds them, and return new ones;
call them between the backward pass and the optimizer's step.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, number

__all__ = [
    "clip_by_norm",
    "clip_by_value",
]


def clip_by_value(grads: Mapping[str, ArrayLike], limit: float) -> dict[str, Array]:
    r"""Limit each element of the gradients by itself.

    $$
    \tilde{g}_i = \min(\max(g_i, -c), c)
    $$

    This changes the direction of the gradient: its large elements shrink, its small
    ones do not.

    Parameters
    ----------
    grads : arrays by name
    limit : float, more than 0
        $c$.

    Returns
    -------
    arrays by name
        New ones, in the same shapes. An infinite element becomes the limit; NaN stays.

    Raises
    ------
    ValueError
        If an array does not hold real numbers, or limit is not positive and finite.

    References
    ----------
    Graves (2013), Generating Sequences with Recurrent Neural Networks, section 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> grads = {"w": np.array([[3.0, -4.0, 0.5]]), "b": np.array([12.0, -1.0])}
    >>> nnref.clip_by_value(grads, 2.0)
    {'w': array([[ 2. , -2. ,  0.5]]), 'b': array([ 2., -1.])}
    >>> grads["b"]
    array([12., -1.])
    """
    limit = number(limit, "limit", "(0, inf)")
    return {name: np.clip(g, -limit, limit) for name, g in _floats(grads).items()}


def clip_by_norm(grads: Mapping[str, ArrayLike], max_norm: float) -> dict[str, Array]:
    r"""Scale the gradients down together if their norm is above a limit.

    $$
    \tilde{g} = g \min\left( 1, \frac{c}{\lVert g \rVert} \right), \qquad
    \lVert g \rVert = \sqrt{\sum_{i} g_i^2}
    $$

    where $i$ counts the elements of all arrays: there is one norm. The gradient keeps
    its direction.

    Parameters
    ----------
    grads : arrays by name
    max_norm : float, more than 0
        $c$.

    Returns
    -------
    arrays by name
        New ones, in the same shapes.

    Raises
    ------
    ValueError
        If an array does not hold real numbers or holds NaN or infinity (the direction
        is lost then), or max_norm is not positive and finite.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), On the Difficulty of Training Recurrent Neural
    Networks, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> grads = {"w": np.array([[3.0, -4.0, 0.0]]), "b": np.array([12.0, 0.0])}
    >>> nnref.clip_by_norm(grads, 6.5)  # the norm is 13
    {'w': array([[ 1.5, -2. ,  0. ]]), 'b': array([6., 0.])}
    >>> nnref.clip_by_norm(grads, 20.0)
    {'w': array([[ 3., -4.,  0.]]), 'b': array([12.,  0.])}
    >>> nnref.clip_by_norm({"w": np.array([3e200, -4e200])}, 1.0)  # nothing overflows
    {'w': array([ 0.6, -0.8])}
    >>> nnref.clip_by_norm({"w": np.array([3e-200, -4e-200])}, 1e-200)  # nor underflows
    {'w': array([ 6.e-201, -8.e-201])}
    >>> nnref.clip_by_norm({"w": np.zeros(2)}, 1.0)
    {'w': array([0., 0.])}
    >>> nnref.clip_by_norm({"w": np.array([1.0, np.inf])}, 1.0)
    Traceback (most recent call last):
    ValueError: grads['w'] holds NaN or infinity, expected finite numbers
    """
    max_norm = number(max_norm, "max_norm", "(0, inf)")
    arrays = _floats(grads)
    for name, g in arrays.items():
        if not np.isfinite(g).all():
            raise ValueError(
                f"grads[{name!r}] holds NaN or infinity, expected finite numbers"
            )
    # In units of the largest element, so that no square overflows.
    largest = max((float(np.abs(g).max(initial=0)) for g in arrays.values()), default=0)
    if largest == 0:
        return {name: g.copy() for name, g in arrays.items()}
    units = {name: g / largest for name, g in arrays.items()}
    squares = (np.sum(u * u, dtype=np.float64) for u in units.values())
    norm = math.sqrt(sum(squares))
    if norm <= max_norm / largest:
        return {name: g.copy() for name, g in arrays.items()}
    return {name: u * (max_norm / norm) for name, u in units.items()}


def _floats(grads: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Return the gradients as arrays of floats."""
    return {name: as_float(g, f"grads[{name!r}]") for name, g in grads.items()}

r"""Random initial weights, scaled so that signals neither fade nor blow up.

The scale follows from how many weights an output sums over, the fan-in, and how many
outputs an input feeds, the fan-out:

| shape of the weights | fan-in | fan-out |
|---|---|---|
| dense: (d_in, d_out) | d_in | d_out |
| convolution: (out, in, rows, columns) | in · rows · columns | out · rows · columns |

A grouped convolution is several side by side: an input feeds the outputs of its group
only, which the shape of the whole kernel does not tell. Its kernels are drawn one group
at a time, as `Conv2D` does.

He keeps the mean square of a signal through ReLU, which drops half of it; Xavier
(Glorot) is a compromise between the signals forward, which ask for the fan-in, and the
gradients backward, which ask for the fan-out, where the activation is nearly linear
around 0, such as tanh. Biases start at 0.
"""

import math

import numpy as np

from nnref._check import Array, generator, shown

__all__ = [
    "he_normal",
    "he_uniform",
    "xavier_normal",
    "xavier_uniform",
]


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return fan-in and fan-out of weights of this shape."""
    if (
        not isinstance(shape, tuple | list)
        or len(shape) not in (2, 4)
        or not all(isinstance(size, int | np.integer) and size > 0 for size in shape)
    ):
        raise ValueError(
            f"shape is {shown(shape)}, expected (in, out) or (out, in, rows, columns)"
        )
    if len(shape) == 2:
        return shape[0], shape[1]
    area = shape[2] * shape[3]
    return shape[1] * area, shape[0] * area


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Weights from a normal distribution, for layers followed by ReLU.

    $$
    \mathbb{E}[w] = 0, \qquad \operatorname{Var}(w) = \frac{2}{n_\text{in}}
    $$

    Parameters
    ----------
    shape : (in, out) or (out, in, rows, columns)
    rng : random generator

    Returns
    -------
    float64 array of this shape

    Raises
    ------
    ValueError
        If the shape has neither two nor four dimensions, or an empty one, or rng is not
        a Generator (a seed is none).

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving Deep into Rectifiers, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> w = nnref.he_normal((200, 30), rng)  # variance 2 / 200 = 0.1**2
    >>> print(w.shape, np.round([w.mean(), w.std()], 2) + 0)
    (200, 30) [0.  0.1]
    >>> rng = np.random.default_rng(0)
    >>> w = nnref.he_normal((30, 10, 4, 5), rng)  # fan-in 10 * 4 * 5
    >>> print(w.shape, np.round([w.mean(), w.std()], 2) + 0)
    (30, 10, 4, 5) [0.  0.1]
    >>> nnref.he_normal((200,), np.random.default_rng(0))
    Traceback (most recent call last):
    ValueError: shape is (200,), expected (in, out) or (out, in, rows, columns)
    """
    fan_in, _ = _fans(shape)
    return generator(rng).normal(0, math.sqrt(2 / fan_in), shape)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Weights from a uniform distribution, for layers followed by ReLU.

    $$
    a = \sqrt{\frac{6}{n_\text{in}}}, \qquad |w| \le a, \qquad
    \operatorname{Var}(w) = \frac{a^2}{3}
    $$

    the variance of `he_normal`.

    Parameters
    ----------
    shape : (in, out) or (out, in, rows, columns)
    rng : random generator

    Returns
    -------
    float64 array of this shape

    Raises
    ------
    ValueError
        If the shape has neither two nor four dimensions, or an empty one, or rng is not
        a Generator (a seed is none).

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving Deep into Rectifiers, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> w = nnref.he_uniform((600, 30), np.random.default_rng(0))  # limit sqrt(6 / 600)
    >>> print(w.shape, np.round([w.min(), w.mean(), w.max()], 2) + 0)
    (600, 30) [-0.1  0.   0.1]
    """
    fan_in, _ = _fans(shape)
    limit = math.sqrt(6 / fan_in)
    return generator(rng).uniform(-limit, limit, shape)


def xavier_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Weights from a normal distribution, for tanh and other near-linear activations.

    $$
    \mathbb{E}[w] = 0, \qquad
    \operatorname{Var}(w) = \frac{2}{n_\text{in} + n_\text{out}}
    $$

    Parameters
    ----------
    shape : (in, out) or (out, in, rows, columns)
    rng : random generator

    Returns
    -------
    float64 array of this shape

    Raises
    ------
    ValueError
        If the shape has neither two nor four dimensions, or an empty one, or rng is not
        a Generator (a seed is none).

    References
    ----------
    Glorot and Bengio (2010), Understanding the Difficulty of Training Deep Feedforward
    Neural Networks, equation 12.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> w = nnref.xavier_normal((150, 50), np.random.default_rng(0))  # variance 2 / 200
    >>> print(w.shape, np.round([w.mean(), w.std()], 2) + 0)
    (150, 50) [0.  0.1]
    """
    fan_in, fan_out = _fans(shape)
    return generator(rng).normal(0, math.sqrt(2 / (fan_in + fan_out)), shape)


def xavier_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Weights from a uniform distribution, for tanh and other near-linear activations.

    $$
    a = \sqrt{\frac{6}{n_\text{in} + n_\text{out}}}, \qquad |w| \le a, \qquad
    \operatorname{Var}(w) = \frac{a^2}{3}
    $$

    the variance of `xavier_normal`.

    Parameters
    ----------
    shape : (in, out) or (out, in, rows, columns)
    rng : random generator

    Returns
    -------
    float64 array of this shape

    Raises
    ------
    ValueError
        If the shape has neither two nor four dimensions, or an empty one, or rng is not
        a Generator (a seed is none).

    References
    ----------
    Glorot and Bengio (2010), Understanding the Difficulty of Training Deep Feedforward
    Neural Networks, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> w = nnref.xavier_uniform((450, 150), rng)  # limit sqrt(6 / 600)
    >>> print(w.shape, np.round([w.min(), w.mean(), w.max()], 2) + 0)
    (450, 150) [-0.1  0.   0.1]
    >>> w = nnref.xavier_uniform((10, 20, 4, 5), np.random.default_rng(0))  # 400 + 200
    >>> print(w.shape, np.round([w.min(), w.mean(), w.max()], 2) + 0)
    (10, 20, 4, 5) [-0.1  0.   0.1]
    """
    fan_in, fan_out = _fans(shape)
    limit = math.sqrt(6 / (fan_in + fan_out))
    return generator(rng).uniform(-limit, limit, shape)

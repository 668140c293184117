"""Data: the 8x8 handwritten digits, and toy problems in two dimensions or one."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnref._check import Array, flag, floating, generator, number, whole

__all__ = [
    "Digits",
    "blobs",
    "digits",
    "sine",
    "spirals",
    "xor",
]

Labels = NDArray[np.integer]


class Digits(NamedTuple):
    """The digits, shuffled and split.

    Attributes
    ----------
    x_train : array of shape (1437, 64), or (1437, 1, 8, 8) for images
        Grey values between 0 (paper) and 1 (ink).
    y_train : integer array of shape (1437,)
        The digit, 0 to 9.
    x_test : array of shape (360, 64), or (360, 1, 8, 8) for images
    y_test : integer array of shape (360,)

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> y_train, y_test = np.array([7, 8, 9]), np.array([6])
    >>> data = nnref.Digits(np.ones((3, 2)), y_train, np.zeros((1, 2)), y_test)
    >>> data.x_test
    array([[0., 0.]])
    >>> data.x
    array([[1., 1.],
           [1., 1.],
           [1., 1.],
           [0., 0.]])
    >>> data.y
    array([7, 8, 9, 6])
    """

    x_train: Array
    y_train: Labels
    x_test: Array
    y_test: Labels

    @property
    def x(self) -> Array:
        """All 1,797 inputs: those of the training set, then those of the test set."""
        return np.concatenate([self.x_train, self.x_test])

    @property
    def y(self) -> Labels:
        """All 1,797 labels, in the order of `x`."""
        return np.concatenate([self.y_train, self.y_test])


def digits(*, images: bool = False, dtype: DTypeLike = np.float64) -> Digits:
    r"""Real handwritten digits: 1,797 images of 8 by 8 pixels, in ten classes.

    Every pixel counts the ink dots in a 4 by 4 square of the scanned digit, divided by
    16: $x = \text{count} / 16$. The images are shuffled by
    `np.random.default_rng(0)`; the first 1,437 are for training, the last 360 for
    testing. The same thirteen people wrote both parts, so the test set says nothing
    about the handwriting of others.

    Parameters
    ----------
    images : bool
        False: each input is a row of 64 pixels, image row after image row.
        True: each input has shape (1, 8, 8): channels, height, width.
    dtype : float dtype
        Type of the inputs. The labels are int64.

    Returns
    -------
    Digits
        The named tuple `(x_train, y_train, x_test, y_test)`; its properties `x` and
        `y` are both parts together.

    Raises
    ------
    ValueError
        If `dtype` is not a floating-point type.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI
    Machine Learning Repository, https://doi.org/10.24432/C50P49. License: CC BY 4.0.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x_train, y_train, x_test, y_test = nnref.digits()
    >>> x_train.shape, y_train.shape, x_test.shape, y_test.shape
    ((1437, 64), (1437,), (360, 64), (360,))
    >>> print(y_train[:8], y_test[:8])
    [6 6 6 2 5 6 6 2] [0 8 8 9 8 3 7 5]
    >>> float(x_train.max()), float(x_train.sum()), float(x_test.sum())
    (1.0, 28091.3125, 7016.0625)
    >>> data = nnref.digits(images=True, dtype=np.float32)
    >>> data.x_test.shape, data.x_test.dtype, data.x.shape, data.y.shape
    ((360, 1, 8, 8), dtype('float32'), (1797, 1, 8, 8), (1797,))
    >>> print((16 * data.x_train[0, 0]).astype(int))
    [[ 0  0  1 13  7  0  0  0]
     [ 0  0  7 14  2  0  0  0]
     [ 0  0 13  5  0  0  0  0]
     [ 0  0 16  3  0  0  0  0]
     [ 0  3 16 10 12 12  3  0]
     [ 0  3 16 11  5  9 12  0]
     [ 0  1 13 11  4 13 11  0]
     [ 0  0  1 12 16 11  2  0]]
    """
    flag(images, "images"), floating(dtype)
    with np.load(Path(__file__).with_name("digits.npz")) as file:
        counts, labels = file["images"], file["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    x = counts[order].astype(dtype) / 16
    x = x[:, np.newaxis] if images else x.reshape(len(x), -1)
    y = labels[order].astype(np.int64)
    return Digits(x[:1437], y[:1437], x[1437:], y[1437:])


def xor() -> tuple[Array, Labels]:
    r"""The four cases of exclusive or, $y = x_1 \oplus x_2$.

    No straight line parts the two classes, so no linear model gets all four right.

    Returns
    -------
    x : array of shape (4, 2)
    y : integer array of shape (4,)
        1 where exactly one input is 1, else 0.

    References
    ----------
    M. Minsky and S. Papert (1969). Perceptrons. MIT Press.

    Examples
    --------
    >>> import nnref
    >>> x, y = nnref.xor()
    >>> x
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    >>> y
    array([0, 1, 1, 0])
    """
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return x, np.array([0, 1, 1, 0])


def spirals(
    n: int, rng: np.random.Generator, *, classes: int = 3, noise: float = 0.05
) -> tuple[Array, Labels]:
    r"""Points on spiral arms that wind once around the origin, one arm a class.

    $$
    x_i = t_i \begin{pmatrix} \cos\theta_i \\ \sin\theta_i \end{pmatrix} +
    \sigma \xi_i, \qquad t_i = \frac{i}{n}, \qquad
    \theta_i = 2\pi \left(t_i + \frac{y_i}{C}\right)
    $$

    for $i = 1, \dots, n$; the labels $y_i$ run through the $C$ classes in turn, and
    both entries of $\xi_i$ are from the standard normal.

    Parameters
    ----------
    n : int
        Number of points in all.
    rng : numpy.random.Generator
    classes : int
        $C$, the number of arms.
    noise : float
        $\sigma$; the arms reach out to radius 1.

    Returns
    -------
    x : array of shape (n, 2)
    y : integer array of shape (n,)

    Raises
    ------
    ValueError
        If `n` or `classes` is not a positive integer, `noise` is negative, or `rng` is
        not a Generator.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, y = nnref.spirals(7, np.random.default_rng(0), classes=2, noise=0.0)
    >>> print(y)
    [0 1 0 1 0 1 0]
    >>> print(x.T.round(3))
    [[ 0.089  0.064 -0.386  0.515 -0.159 -0.534  1.   ]
     [ 0.112 -0.279  0.186  0.248 -0.696  0.67  -0.   ]]
    >>> x, y = nnref.spirals(7, np.random.default_rng(0))
    >>> print(x.T.round(3), y)
    [[ 0.095 -0.177  0.327 -0.45   0.647 -0.879  0.884]
     [ 0.105 -0.189  0.26  -0.201  0.147 -0.126 -0.011]] [0 1 2 0 1 2 0]
    """
    _check_toy(n, rng, classes, noise)
    t = np.arange(1, n + 1) / n
    y = np.arange(n) % classes
    angle = 2 * np.pi * (t + y / classes)
    x = t[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return x + noise * rng.normal(size=(n, 2)), y


def blobs(
    n: int, rng: np.random.Generator, *, classes: int = 3, noise: float = 0.3
) -> tuple[Array, Labels]:
    r"""Round clouds of points, one a class, with centres evenly on the unit circle.

    $$
    x_i = \begin{pmatrix} \cos\theta_i \\ \sin\theta_i \end{pmatrix} + \sigma \xi_i,
    \qquad \theta_i = 2\pi \frac{y_i}{C}
    $$

    The labels $y_i$ run through the $C$ classes in turn, and both entries of $\xi_i$
    are from the standard normal.

    Parameters
    ----------
    n : int
        Number of points in all.
    rng : numpy.random.Generator
    classes : int
        $C$, the number of clouds.
    noise : float
        $\sigma$, the standard deviation of a cloud along each axis.

    Returns
    -------
    x : array of shape (n, 2)
    y : integer array of shape (n,)

    Raises
    ------
    ValueError
        If `n` or `classes` is not a positive integer, `noise` is negative, or `rng` is
        not a Generator.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, y = nnref.blobs(5, np.random.default_rng(0), noise=0.1)
    >>> print(y)
    [0 1 2 0 1]
    >>> print(x.T.round(3))
    [[ 1.013 -0.436 -0.554  1.13  -0.57 ]
     [-0.013  0.877 -0.83   0.095  0.739]]
    >>> x, y = nnref.blobs(5, np.random.default_rng(0), classes=2)
    >>> print(x.T.round(3), y)
    [[ 1.038 -0.808  0.839 -0.609  0.789]
     [-0.04   0.031  0.108  0.284 -0.38 ]] [0 1 0 1 0]
    """
    _check_toy(n, rng, classes, noise)
    y = np.arange(n) % classes
    angle = 2 * np.pi * y / classes
    x = np.column_stack([np.cos(angle), np.sin(angle)])
    return x + noise * rng.normal(size=(n, 2)), y


def sine(
    n: int, rng: np.random.Generator, *, noise: float = 0.2
) -> tuple[Array, Array]:
    r"""One period of a sine with noise, for regression.

    $$
    y_i = \sin(2\pi x_i) + \sigma \xi_i
    $$

    with $x_i$ uniform between 0 and 1, and $\xi_i$ from the standard normal.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
    noise : float
        $\sigma$, the standard deviation of the noise.

    Returns
    -------
    x : array of shape (n, 1)
        In ascending order.
    y : array of shape (n, 1)

    Raises
    ------
    ValueError
        If `n` is not a positive integer, `noise` is negative, or `rng` is not a
        Generator.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, y = nnref.sine(4, np.random.default_rng(0), noise=0.0)
    >>> print(x.T.round(3), y.T.round(3))
    [[0.017 0.041 0.27  0.637]] [[ 0.104  0.255  0.992 -0.758]]
    >>> x, y = nnref.sine(4, np.random.default_rng(0), noise=0.5)
    >>> print(y.T.round(3))
    [[-0.164  0.435  1.644 -0.285]]
    >>> x, y = nnref.sine(4, np.random.default_rng(0))
    >>> print(y.T.round(3))
    [[-0.003  0.327  1.253 -0.569]]
    """
    _check_toy(n, rng, 1, noise)
    x = np.sort(rng.uniform(size=(n, 1)), axis=0)
    return x, np.sin(2 * np.pi * x) + noise * rng.normal(size=(n, 1))


def _check_toy(n: int, rng: np.random.Generator, classes: int, noise: float) -> None:
    """Raise a ValueError for arguments that make no data set."""
    whole(n, "n")
    whole(classes, "classes")
    number(noise, "noise", "[0, inf)")
    generator(rng)

r"""Activation functions and their gradients.

All but `softmax` and `log_softmax` act on each element alone, in an array of any
shape. Where $L$ is the loss and $y = f(x)$, `f_backward(dy, x)` takes
`dy` $= \partial L / \partial y$ and returns $\partial L / \partial x$, in the shape
and dtype of `x`. Integers are computed with as float64. A gradient that needs $y$ takes
it as `y=`, if it is known already.
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, integer, like, number
from nnref._engines.normal import normal_cdf
from nnref._engines.rows import axis_of, below_zero
from nnref.layer import Layer

__all__ = [
    "ELU",
    "GELU",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "elu",
    "elu_backward",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "log_softmax_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
]


def sigmoid(x: ArrayLike) -> Array:
    r"""Logistic sigmoid, from 0 to 1.

    $$
    \sigma(x) = \frac{1}{1 + e^{-x}}
    $$

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, each element in [0, 1]

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.10.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.sigmoid([-2.0, 0.0, 1.0]), 4))
    [0.1192 0.5    0.7311]
    >>> print(nnref.sigmoid([-1e4, 1e4]))  # nothing overflows
    [0. 1.]
    >>> print(nnref.sigmoid(np.array([-2, 0, 1], np.float32)).dtype)
    float32
    """
    x = as_float(x, "x")
    e = np.exp(-np.abs(x))  # at most 1
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_backward(
    dy: ArrayLike, x: ArrayLike, *, y: ArrayLike | None = None
) -> Array:
    r"""Gradient of `sigmoid`.

    $$
    \sigma'(x) = \sigma(x) \left( 1 - \sigma(x) \right) \le \frac{1}{4}
    $$

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `sigmoid(x)`.
    x : array of any shape
    y : array shaped like x, optional
        `sigmoid(x)`, where it is known already.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy or y is not shaped like x.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.10.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = [-2.0, 0.0, 1.0]
    >>> print(np.round(nnref.sigmoid_backward([1.0, 2.0, 3.0], x), 4))
    [0.105  0.5    0.5898]
    >>> y = nnref.sigmoid(x)
    >>> print(np.round(nnref.sigmoid_backward([1.0, 2.0, 3.0], x, y=y), 4))
    [0.105  0.5    0.5898]
    """
    x = as_float(x, "x")
    y = sigmoid(x) if y is None else like(y, x, "y")
    return like(dy, x, "dy") * y * (1 - y)


def tanh(x: ArrayLike) -> Array:
    r"""Hyperbolic tangent, from -1 to 1.

    $$
    \tanh(x) = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}} = 2 \sigma(2x) - 1
    $$

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, each element in [-1, 1]

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient BackProp.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.tanh([-2.0, 0.0, 1.0]), 4))
    [-0.964   0.      0.7616]
    """
    return np.tanh(as_float(x, "x"))


def tanh_backward(dy: ArrayLike, x: ArrayLike, *, y: ArrayLike | None = None) -> Array:
    r"""Gradient of `tanh`.

    $$
    \tanh'(x) = 1 - \tanh(x)^{2} \le 1
    $$

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `tanh(x)`.
    x : array of any shape
    y : array shaped like x, optional
        `tanh(x)`, where it is known already.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy or y is not shaped like x.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient BackProp.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = [-2.0, 0.0, 1.0]
    >>> print(np.round(nnref.tanh_backward([1.0, 2.0, 3.0], x), 4))
    [0.0707 2.     1.2599]
    >>> print(np.round(nnref.tanh_backward([1.0, 2.0, 3.0], x, y=nnref.tanh(x)), 4))
    [0.0707 2.     1.2599]
    """
    x = as_float(x, "x")
    y = tanh(x) if y is None else like(y, x, "y")
    return like(dy, x, "dy") * (1 - y * y)


def relu(x: ArrayLike) -> Array:
    r"""Rectified linear unit.

    $$
    \operatorname{relu}(x) = \max(x, 0)
    $$

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, no element negative

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    Nair and Hinton (2010), Rectified Linear Units Improve Restricted Boltzmann
    Machines.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.relu([-2.0, 0.0, 0.5]))
    [0.  0.  0.5]
    """
    return np.maximum(as_float(x, "x"), 0)


def relu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `relu`.

    $$
    \operatorname{relu}'(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}
    $$

    ReLU has no derivative at 0; any value from 0 to 1 is a subgradient there, and
    this takes 0. It multiplies: where the derivative is 0, a `dy` that is infinite or
    NaN gives NaN.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `relu(x)`.
    x : array of any shape

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x.

    References
    ----------
    Glorot, Bordes and Bengio (2011), Deep Sparse Rectifier Neural Networks.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.relu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]))
    [0. 0. 7.]
    >>> nnref.relu_backward(1.0, [-2.0, 0.0, 0.5])  # would be broadcast
    Traceback (most recent call last):
    ValueError: dy has shape (), expected (3,)
    """
    x = as_float(x, "x")
    return like(dy, x, "dy") * (x > 0)


def leaky_relu(x: ArrayLike, *, negative_slope: float = 0.01) -> Array:
    r"""ReLU that leaks: a small slope instead of 0 below 0.

    $$
    f(x) = \begin{cases} x & x > 0 \\ \alpha x & x \le 0 \end{cases}
    $$

    Parameters
    ----------
    x : array of any shape
    negative_slope : float, at least 0
        The slope $\alpha$ below 0.

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If x does not hold real numbers, or negative_slope is negative or infinite.

    References
    ----------
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Neural Network
    Acoustic Models.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.leaky_relu([-2.0, 0.0, 0.5]))
    [-0.02  0.    0.5 ]
    >>> print(nnref.leaky_relu([-2.0, 0.0, 0.5], negative_slope=0.25))
    [-0.5  0.   0.5]
    >>> nnref.leaky_relu([-2.0, 0.0, 0.5], negative_slope=-0.25)
    Traceback (most recent call last):
    ValueError: negative_slope is -0.25, expected a number in [0, inf)
    """
    x, slope = as_float(x, "x"), number(negative_slope, "negative_slope", "[0, inf)")
    return np.where(x > 0, x, slope * x)


def leaky_relu_backward(
    dy: ArrayLike, x: ArrayLike, *, negative_slope: float = 0.01
) -> Array:
    r"""Gradient of `leaky_relu`.

    $$
    f'(x) = \begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}
    $$

    At 0, where there is no derivative unless $\alpha$ is 1, this takes $\alpha$.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `leaky_relu(x, negative_slope=alpha)`.
    x : array of any shape
    negative_slope : float, at least 0
        The slope $\alpha$ below 0.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x, or negative_slope is negative or infinite.

    References
    ----------
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Neural Network
    Acoustic Models.

    Examples
    --------
    >>> import nnref
    >>> dy, x = [5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]
    >>> print(nnref.leaky_relu_backward(dy, x))
    [0.05 0.06 7.  ]
    >>> print(nnref.leaky_relu_backward(dy, x, negative_slope=0.25))
    [1.25 1.5  7.  ]
    """
    x, slope = as_float(x, "x"), number(negative_slope, "negative_slope", "[0, inf)")
    dy = like(dy, x, "dy")
    return np.where(x > 0, dy, slope * dy)


def elu(x: ArrayLike, *, alpha: float = 1.0) -> Array:
    r"""Exponential linear unit, from -alpha up.

    $$
    f(x) = \begin{cases} x & x > 0 \\ \alpha \left( e^{x} - 1 \right) & x \le 0
    \end{cases}
    $$

    Parameters
    ----------
    x : array of any shape
    alpha : float, at least 0

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If x does not hold real numbers, or alpha is negative or infinite.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), Fast and Accurate Deep Network Learning
    by Exponential Linear Units (ELUs).

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.elu([-2.0, 0.0, 0.5]), 4))
    [-0.8647  0.      0.5   ]
    >>> print(np.round(nnref.elu([-2.0, 0.0, 0.5], alpha=0.25), 4))
    [-0.2162  0.      0.5   ]
    """
    x, alpha = as_float(x, "x"), number(alpha, "alpha", "[0, inf)")
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(dy: ArrayLike, x: ArrayLike, *, alpha: float = 1.0) -> Array:
    r"""Gradient of `elu`.

    $$
    f'(x) = \begin{cases} 1 & x > 0 \\ \alpha e^{x} & x \le 0 \end{cases}
    $$

    At 0, where there is no derivative unless alpha is 1, this takes alpha.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `elu(x, alpha=alpha)`.
    x : array of any shape
    alpha : float, at least 0

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x, or alpha is negative or infinite.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), Fast and Accurate Deep Network Learning
    by Exponential Linear Units (ELUs).

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> dy, x = [5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]
    >>> print(np.round(nnref.elu_backward(dy, x), 4))
    [0.6767 6.     7.    ]
    >>> print(np.round(nnref.elu_backward(dy, x, alpha=0.25), 4))
    [0.1692 1.5    7.    ]
    """
    x, alpha = as_float(x, "x"), number(alpha, "alpha", "[0, inf)")
    dy = like(dy, x, "dy")
    return np.where(x > 0, dy, dy * alpha * np.exp(np.minimum(x, 0)))


def softplus(x: ArrayLike) -> Array:
    r"""Softplus, a smooth ReLU.

    $$
    \zeta(x) = \ln\left( 1 + e^{x} \right)
    = \max(x, 0) + \ln\left( 1 + e^{-|x|} \right)
    $$

    The second form does not overflow. PyTorch returns x itself where it is above 20.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, no element negative

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.10.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.softplus([-2.0, 0.0, 1.0]), 4))
    [0.1269 0.6931 1.3133]
    >>> print(nnref.softplus([-1e4, 1e4]))  # nothing overflows
    [    0. 10000.]
    """
    x = as_float(x, "x")
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `softplus`.

    $$
    \zeta'(x) = \sigma(x)
    $$

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `softplus(x)`.
    x : array of any shape

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.10.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.softplus_backward([1.0, 2.0, 3.0], [-2.0, 0.0, 1.0]), 4))
    [0.1192 1.     2.1932]
    """
    x = as_float(x, "x")
    return like(dy, x, "dy") * sigmoid(x)


def gelu(x: ArrayLike) -> Array:
    r"""Gaussian error linear unit, the exact one (no tanh approximation).

    $$
    \operatorname{gelu}(x) = x \Phi(x)
    $$

    where $\Phi(x) = \frac{1}{2} (1 + \operatorname{erf}\frac{x}{\sqrt{2}})$ is the
    distribution function of the standard normal.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, no element below -0.17

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian Error Linear Units (GELUs). On computing
    $\Phi$: Weideman (1994), Computation of the Complex Error Function.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.gelu([-2.0, -0.5, 0.0, 0.5]), 4))
    [-0.0455 -0.1543  0.      0.3457]
    """
    x = as_float(x, "x")
    return x * normal_cdf(x)


def gelu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `gelu`.

    $$
    \varphi(x) = \frac{1}{\sqrt{2 \pi}} e^{-x^{2} / 2}, \qquad
    \operatorname{gelu}'(x) = \Phi(x) + x \varphi(x)
    $$

    where $\Phi(x) = \frac{1}{2} (1 + \operatorname{erf}\frac{x}{\sqrt{2}})$ is the
    distribution function of the standard normal and $\varphi$ its density.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `gelu(x)`.
    x : array of any shape

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian Error Linear Units (GELUs).

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> dx = nnref.gelu_backward([1.0, 2.0, 3.0, 4.0], [-2.0, -0.5, 0.0, 1.0])
    >>> print(np.round(dx, 4))
    [-0.0852  0.265   1.5     4.3333]
    """
    x = as_float(x, "x")
    near = np.minimum(np.abs(x), 40)  # the density is 0 beyond, and x**2 may overflow
    density = np.exp(-(near**2) / 2) / math.sqrt(2 * math.pi)
    return like(dy, x, "dy") * (normal_cdf(x) + x * density)


def silu(x: ArrayLike) -> Array:
    r"""Sigmoid linear unit, also called swish.

    $$
    \operatorname{silu}(x) = x \sigma(x)
    $$

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array shaped like x, no element below -0.28

    Raises
    ------
    ValueError
        If x does not hold real numbers.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-Weighted Linear Units for Neural Network
    Function Approximation in Reinforcement Learning.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.silu([-2.0, 0.0, 1.0]), 4))
    [-0.2384  0.      0.7311]
    """
    x = as_float(x, "x")
    return x * sigmoid(x)


def silu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `silu`.

    $$
    \operatorname{silu}'(x) = \sigma(x) \left( 1 + x \left( 1 - \sigma(x) \right)
    \right)
    $$

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `silu(x)`.
    x : array of any shape

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy is not shaped like x.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-Weighted Linear Units for Neural Network
    Function Approximation in Reinforcement Learning.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.silu_backward([1.0, 2.0, 3.0], [-2.0, 0.0, 1.0]), 4))
    [-0.0908  1.      2.783 ]
    """
    x = as_float(x, "x")
    s = sigmoid(x)
    return like(dy, x, "dy") * s * (1 + x * (1 - s))


def softmax(x: ArrayLike, *, axis: int = -1) -> Array:
    r"""Softmax: positive numbers that add up to 1 along an axis.

    $$
    p_k = \frac{e^{x_k}}{\sum_{j=1}^{K} e^{x_j}}
    $$

    The largest $x_j$ is subtracted first: the quotient stays the same, and no
    exponential overflows.

    Parameters
    ----------
    x : array of any shape but (), such as logits (n, q)
    axis : int
        The axis that $k$ counts along.

    Returns
    -------
    array shaped like x, each element in [0, 1]

    Raises
    ------
    ValueError
        If x does not hold real numbers or has no such axis, or one of length 0.

    References
    ----------
    Bridle (1990), Probabilistic Interpretation of Feedforward Classification Network
    Outputs. On the subtraction: Blanchard, Higham and Higham (2021), Accurately
    Computing the Log-Sum-Exp and Softmax Functions.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.softmax([0.0, 1.0, 2.0]), 4))
    [0.09   0.2447 0.6652]
    >>> print(nnref.softmax([1e4, 0.0, -1e4]))  # nothing overflows
    [1. 0. 0.]
    >>> print(np.round(nnref.softmax([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], axis=0), 4))
    [[0.0474 0.5    0.7311]
     [0.9526 0.5    0.2689]]
    """
    e = below_zero(x, axis)
    np.exp(e, out=e)
    e /= e.sum(axis=axis, keepdims=True)
    return e


def softmax_backward(
    dy: ArrayLike, x: ArrayLike, *, axis: int = -1, y: ArrayLike | None = None
) -> Array:
    r"""Gradient of `softmax`.

    $$
    \frac{\partial p_k}{\partial x_i} = p_k (\delta_{ki} - p_i), \qquad
    \frac{\partial L}{\partial x_i}
    = p_i \left( \frac{\partial L}{\partial p_i}
    - \sum_{k=1}^{K} \frac{\partial L}{\partial p_k} p_k \right)
    $$

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `softmax(x, axis=axis)`.
    x : array of any shape but ()
    axis : int
        The axis along which the probabilities add up to 1.
    y : array shaped like x, optional
        `softmax(x, axis=axis)`, where it is known already.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy or y is not shaped like x, or x has no such axis or nothing along it.

    References
    ----------
    Bridle (1990), Probabilistic Interpretation of Feedforward Classification Network
    Outputs.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, dy = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], [[1.0, 2.0, 4.0], [3.0, 0.0, 1.0]]
    >>> print(np.round(nnref.softmax_backward(dy[0], x[0]), 4))
    [-0.2017 -0.3036  0.5053]
    >>> y = nnref.softmax(x, axis=0)
    >>> print(np.round(nnref.softmax_backward(dy, x, axis=0, y=y), 4))
    [[-0.0904  0.5     0.5898]
     [ 0.0904 -0.5    -0.5898]]
    """
    x = as_float(x, "x")
    axis = axis_of(axis, x)
    y = softmax(x, axis=axis) if y is None else like(y, x, "y")
    dy = like(dy, x, "dy")
    mean: Array = (dy * y).sum(axis=axis, keepdims=True)
    return y * (dy - mean)


def log_softmax(x: ArrayLike, *, axis: int = -1) -> Array:
    r"""Natural logarithm of softmax, finite where softmax rounds to 0.

    $$
    \ell_k = x_k - \ln \sum_{j=1}^{K} e^{x_j}
    $$

    Parameters
    ----------
    x : array of any shape but (), such as logits (n, q)
    axis : int
        The axis that $k$ counts along.

    Returns
    -------
    array shaped like x, no element positive

    Raises
    ------
    ValueError
        If x does not hold real numbers or has no such axis, or one of length 0.

    References
    ----------
    Blanchard, Higham and Higham (2021), Accurately Computing the Log-Sum-Exp and
    Softmax Functions.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> print(np.round(nnref.log_softmax([0.0, 1.0, 2.0]), 4))
    [-2.4076 -1.4076 -0.4076]
    >>> print(nnref.log_softmax([1e4, 0.0, -1e4]))  # nothing overflows
    [     0. -10000. -20000.]
    >>> x = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]
    >>> print(np.round(nnref.log_softmax(x, axis=0), 4))
    [[-3.0486 -0.6931 -0.3133]
     [-0.0486 -0.6931 -1.3133]]
    """
    shifted = below_zero(x, axis)
    total: Array = np.exp(shifted).sum(axis=axis, keepdims=True)
    return shifted - np.log(total)


def log_softmax_backward(
    dy: ArrayLike, x: ArrayLike, *, axis: int = -1, y: ArrayLike | None = None
) -> Array:
    r"""Gradient of `log_softmax`.

    $$
    \frac{\partial \ell_k}{\partial x_i} = \delta_{ki} - p_i, \qquad
    \frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \ell_i}
    - p_i \sum_{k=1}^{K} \frac{\partial L}{\partial \ell_k}
    $$

    where $p_i = e^{\ell_i}$ is the softmax.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `log_softmax(x, axis=axis)`.
    x : array of any shape but ()
    axis : int
        The axis along which the probabilities add up to 1.
    y : array shaped like x, optional
        `log_softmax(x, axis=axis)`, where it is known already.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If dy or y is not shaped like x, or x has no such axis or nothing along it.

    References
    ----------
    Blanchard, Higham and Higham (2021), Accurately Computing the Log-Sum-Exp and
    Softmax Functions.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, dy = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], [[1.0, 2.0, 4.0], [3.0, 0.0, 1.0]]
    >>> print(np.round(nnref.log_softmax_backward(dy[0], x[0]), 4))
    [ 0.3698  0.2869 -0.6567]
    >>> y = nnref.log_softmax(x, axis=0)
    >>> print(np.round(nnref.log_softmax_backward(dy, x, axis=0, y=y), 4))
    [[ 0.8103  1.      0.3447]
     [-0.8103 -1.     -0.3447]]
    """
    x = as_float(x, "x")
    axis = axis_of(axis, x)
    y = log_softmax(x, axis=axis) if y is None else like(y, x, "y")
    dy = like(dy, x, "dy")
    total: Array = dy.sum(axis=axis, keepdims=True)
    return dy - np.exp(y) * total


class _Activation(Layer):
    """An activation function as a layer: nothing to learn, input of any shape."""

    _function: ClassVar[Callable[..., Array]]
    _function_backward: ClassVar[Callable[..., Array]]
    _reuses_y: ClassVar[bool] = False  # whether backward takes the output, too
    # Whether of x the sign alone counts: y has it, and the next layer keeps y anyway.
    _needs_sign: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._options: dict[str, Any] = {}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the function of x."""
        y = self._function(x, **self._options)
        self._saved = {"x": y if self._needs_sign else x}
        if self._reuses_y:
            self._saved["y"] = y
        return y

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the last input, in its shape."""
        return self._function_backward(dy, **self._recall(), **self._options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self._options.items())
        return f"{type(self).__name__}({options})"


class Sigmoid(_Activation):
    """The logistic function as a layer. See `nnref.activations.sigmoid`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Sigmoid()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.2689 0.6225 0.8808]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.1966 0.47   0.315 ]
    """

    _function = staticmethod(sigmoid)
    _function_backward = staticmethod(sigmoid_backward)
    _reuses_y = True


class Tanh(_Activation):
    """The hyperbolic tangent as a layer. See `nnref.activations.tanh`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Tanh()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.7616  0.4621  0.964 ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.42   1.5729 0.212 ]
    """

    _function = staticmethod(tanh)
    _function_backward = staticmethod(tanh_backward)
    _reuses_y = True


class ReLU(_Activation):
    """The rectified linear unit as a layer. See `nnref.activations.relu`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.ReLU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.  0.5 2. ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0. 2. 3.]
    """

    _function = staticmethod(relu)
    _function_backward = staticmethod(relu_backward)
    _needs_sign = True


class LeakyReLU(_Activation):
    r"""ReLU with a slope below zero, as a layer. See `nnref.activations.leaky_relu`.

    Parameters
    ----------
    negative_slope : float
        The slope below 0.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.LeakyReLU()
    >>> layer
    LeakyReLU(negative_slope=0.01)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.01  0.5   2.  ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.01 2.   3.  ]
    """

    _function = staticmethod(leaky_relu)
    _function_backward = staticmethod(leaky_relu_backward)

    def __init__(self, *, negative_slope: float = 0.01) -> None:
        super().__init__()
        slope = number(negative_slope, "negative_slope", "[0, inf)")
        self._options = {"negative_slope": slope}


class ELU(_Activation):
    r"""The exponential linear unit as a layer. See `nnref.activations.elu`.

    Parameters
    ----------
    alpha : float
        The $\alpha$ of the function.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.ELU()
    >>> layer
    ELU(alpha=1.0)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.6321  0.5     2.    ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.3679 2.     3.    ]
    """

    _function = staticmethod(elu)
    _function_backward = staticmethod(elu_backward)

    def __init__(self, *, alpha: float = 1.0) -> None:
        super().__init__()
        self._options = {"alpha": number(alpha, "alpha", "[0, inf)")}


class Softplus(_Activation):
    """The smooth ReLU as a layer. See `nnref.activations.softplus`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Softplus()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.3133 0.9741 2.1269]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.2689 1.2449 2.6424]
    """

    _function = staticmethod(softplus)
    _function_backward = staticmethod(softplus_backward)


class GELU(_Activation):
    """The Gaussian error linear unit as a layer. See `nnref.activations.gelu`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.GELU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.1587  0.3457  1.9545]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [-0.0833  1.735   3.2557]
    """

    _function = staticmethod(gelu)
    _function_backward = staticmethod(gelu_backward)


class SiLU(_Activation):
    """The sigmoid linear unit as a layer. See `nnref.activations.silu`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.SiLU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.2689  0.3112  1.7616]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.0723 1.4799 3.2724]
    """

    _function = staticmethod(silu)
    _function_backward = staticmethod(silu_backward)


class Softmax(_Activation):
    """Softmax as a layer. See `nnref.activations.softmax`.

    Parameters
    ----------
    axis : int
        Along it the outputs sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Softmax()
    >>> layer
    Softmax(axis=-1)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.0391 0.1753 0.7856]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [-0.0683 -0.1309  0.1992]
    """

    _function = staticmethod(softmax)
    _function_backward = staticmethod(softmax_backward)
    _reuses_y = True

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__()
        self._options = {"axis": integer(axis, "axis")}


class LogSoftmax(_Activation):
    """The logarithm of softmax as a layer. See `nnref.activations.log_softmax`.

    Parameters
    ----------
    axis : int
        Along it the exponentials of the outputs sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.LogSoftmax()
    >>> layer
    LogSoftmax(axis=-1)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-3.2413 -1.7413 -0.2413]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [ 0.7653  0.9483 -1.7136]
    """

    _function = staticmethod(log_softmax)
    _function_backward = staticmethod(log_softmax_backward)
    _reuses_y = True

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__()
        self._options = {"axis": integer(axis, "axis")}

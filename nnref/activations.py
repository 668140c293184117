r"""Activation functions and their gradients.

All but `softmax` and `log_softmax` act on each element alone, in an array of any
shape. Where $L$ is the loss and $y = f(x)$, `f_backward(dy, x)` takes
`dy` $= \partial L / \partial y$ and returns $\partial L / \partial x$, in the shape
and dtype of `x`. Integers are computed with as float64.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, like, number
from nnref._keep import keep


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
    >>> from nnref import sigmoid
    >>> print(np.round(sigmoid([-2.0, 0.0, 1.0]), 4))
    [0.1192 0.5    0.7311]
    >>> print(sigmoid([-1e4, 1e4]))  # nothing overflows
    [0. 1.]
    >>> print(sigmoid(np.array([-2, 0, 1], np.float32)).dtype)
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
    >>> from nnref import sigmoid, sigmoid_backward
    >>> x = [-2.0, 0.0, 1.0]
    >>> print(np.round(sigmoid_backward([1.0, 2.0, 3.0], x), 4))
    [0.105  0.5    0.5898]
    >>> print(np.round(sigmoid_backward([1.0, 2.0, 3.0], x, y=sigmoid(x)), 4))
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
    >>> from nnref import tanh
    >>> print(np.round(tanh([-2.0, 0.0, 1.0]), 4))
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
    >>> from nnref import tanh, tanh_backward
    >>> x = [-2.0, 0.0, 1.0]
    >>> print(np.round(tanh_backward([1.0, 2.0, 3.0], x), 4))
    [0.0707 2.     1.2599]
    >>> print(np.round(tanh_backward([1.0, 2.0, 3.0], x, y=tanh(x)), 4))
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
    >>> from nnref import relu
    >>> print(relu([-2.0, 0.0, 0.5]))
    [0.  0.  0.5]
    """
    return np.maximum(as_float(x, "x"), 0)


def relu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `relu`.

    $$
    \operatorname{relu}'(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}
    $$

    ReLU has no derivative at 0; any value from 0 to 1 is a subgradient there, and
    this takes 0.

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
    >>> from nnref import relu_backward
    >>> print(relu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]))
    [0. 0. 7.]
    >>> relu_backward(1.0, [-2.0, 0.0, 0.5])  # would be broadcast
    Traceback (most recent call last):
    ValueError: dy has shape (), expected (3,)
    """
    x = as_float(x, "x")
    return keep(like(dy, x, "dy"), x > 0)


def leaky_relu(x: ArrayLike, alpha: float = 0.01) -> Array:
    r"""ReLU that leaks: the slope is alpha instead of 0 below 0.

    $$
    f(x) = \begin{cases} x & x > 0 \\ \alpha x & x \le 0 \end{cases}
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
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Neural Network
    Acoustic Models.

    Examples
    --------
    >>> from nnref import leaky_relu
    >>> print(leaky_relu([-2.0, 0.0, 0.5]))
    [-0.02  0.    0.5 ]
    >>> print(leaky_relu([-2.0, 0.0, 0.5], alpha=0.25))
    [-0.5  0.   0.5]
    >>> leaky_relu([-2.0, 0.0, 0.5], alpha=-0.25)
    Traceback (most recent call last):
    ValueError: alpha is -0.25, expected a number in [0, inf)
    """
    x, alpha = as_float(x, "x"), number(alpha, "alpha", "[0, inf)")
    return np.where(x > 0, x, alpha * x)


def leaky_relu_backward(dy: ArrayLike, x: ArrayLike, alpha: float = 0.01) -> Array:
    r"""Gradient of `leaky_relu`.

    $$
    f'(x) = \begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}
    $$

    At 0, where there is no derivative unless alpha is 1, this takes alpha.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `leaky_relu(x, alpha)`.
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
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Neural Network
    Acoustic Models.

    Examples
    --------
    >>> from nnref import leaky_relu_backward
    >>> print(leaky_relu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]))
    [0.05 0.06 7.  ]
    >>> print(leaky_relu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5], alpha=0.25))
    [1.25 1.5  7.  ]
    """
    x, alpha = as_float(x, "x"), number(alpha, "alpha", "[0, inf)")
    dy = like(dy, x, "dy")
    return np.where(x > 0, dy, alpha * dy)


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
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
    >>> from nnref import elu
    >>> print(np.round(elu([-2.0, 0.0, 0.5]), 4))
    [-0.8647  0.      0.5   ]
    >>> print(np.round(elu([-2.0, 0.0, 0.5], alpha=0.25), 4))
    [-0.2162  0.      0.5   ]
    """
    x, alpha = as_float(x, "x"), number(alpha, "alpha", "[0, inf)")
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(dy: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> Array:
    r"""Gradient of `elu`.

    $$
    f'(x) = \begin{cases} 1 & x > 0 \\ \alpha e^{x} & x \le 0 \end{cases}
    $$

    At 0, where there is no derivative unless alpha is 1, this takes alpha.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `elu(x, alpha)`.
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
    >>> from nnref import elu_backward
    >>> print(np.round(elu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5]), 4))
    [0.6767 6.     7.    ]
    >>> print(np.round(elu_backward([5.0, 6.0, 7.0], [-2.0, 0.0, 0.5], 0.25), 4))
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
    >>> from nnref import softplus
    >>> print(np.round(softplus([-2.0, 0.0, 1.0]), 4))
    [0.1269 0.6931 1.3133]
    >>> print(softplus([-1e4, 1e4]))  # nothing overflows
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
    >>> from nnref import softplus_backward
    >>> print(np.round(softplus_backward([1.0, 2.0, 3.0], [-2.0, 0.0, 1.0]), 4))
    [0.1192 1.     2.1932]
    """
    x = as_float(x, "x")
    return like(dy, x, "dy") * sigmoid(x)


def _weideman_coefficients(terms: int, scale: float) -> Array:
    """Coefficients of Weideman's series, the highest power first."""
    theta = np.arange(1 - 2 * terms, 2 * terms) * np.pi / (2 * terms)
    t = scale * np.tan(theta / 2)
    weights = np.exp(-t * t) * (scale**2 + t * t) / (4 * terms)
    coefficients: Array = np.cos(np.outer(np.arange(terms, 0, -1), theta)) @ weights
    return coefficients


_ERFC_SCALE = math.sqrt(40 / math.sqrt(2))
_ERFC_COEFFICIENTS = _weideman_coefficients(40, _ERFC_SCALE)


def _normal_cdf(x: Array) -> Array:
    r"""Distribution function of the standard normal, to 1e-15.

    NumPy has no error function. With $t = |x| / \sqrt{2} \ge 0$ this sums
    the series of Weideman (1994), Computation of the Complex Error Function, for
    $e^{t^2} \operatorname{erfc}(t)$, of which half times $e^{-t^2}$ is the tail.
    """
    t = np.minimum(np.abs(x), 40).astype(np.float64) / math.sqrt(2)  # 40: tail is 0
    r = 1 / (_ERFC_SCALE + t)
    series = np.polyval(_ERFC_COEFFICIENTS, (_ERFC_SCALE - t) * r)
    tail = np.exp(-t * t) / 2 * (2 * series * r * r + r / math.sqrt(math.pi))
    return np.where(x < 0, tail, 1 - tail).astype(x.dtype)


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
    >>> from nnref import gelu
    >>> print(np.round(gelu([-2.0, -0.5, 0.0, 0.5]), 4))
    [-0.0455 -0.1543  0.      0.3457]
    """
    x = as_float(x, "x")
    return x * _normal_cdf(x)


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
    >>> from nnref import gelu_backward
    >>> dx = gelu_backward([1.0, 2.0, 3.0, 4.0], [-2.0, -0.5, 0.0, 1.0])
    >>> print(np.round(dx, 4))
    [-0.0852  0.265   1.5     4.3333]
    """
    x = as_float(x, "x")
    near = np.minimum(np.abs(x), 40)  # the density is 0 beyond, and x**2 may overflow
    density = np.exp(-(near**2) / 2) / math.sqrt(2 * math.pi)
    return like(dy, x, "dy") * (_normal_cdf(x) + x * density)


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
    >>> from nnref import silu
    >>> print(np.round(silu([-2.0, 0.0, 1.0]), 4))
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
    >>> from nnref import silu_backward
    >>> print(np.round(silu_backward([1.0, 2.0, 3.0], [-2.0, 0.0, 1.0]), 4))
    [-0.0908  1.      2.783 ]
    """
    x = as_float(x, "x")
    s = sigmoid(x)
    return like(dy, x, "dy") * s * (1 + x * (1 - s))


def _below_zero(x: ArrayLike, axis: int) -> Array:
    """Return x less its maximum along the axis: `exp` of that does not overflow."""
    x = as_float(x, "x")
    largest: Array = x.max(axis=axis, keepdims=True, initial=-np.inf)
    if not x.shape[axis]:
        raise ValueError(f"x has shape {x.shape}, expected elements along axis {axis}")
    below: Array = x - largest
    return below


def softmax(x: ArrayLike, axis: int = -1) -> Array:
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
    >>> from nnref import softmax
    >>> print(np.round(softmax([0.0, 1.0, 2.0]), 4))
    [0.09   0.2447 0.6652]
    >>> print(softmax([1e4, 0.0, -1e4]))  # nothing overflows
    [1. 0. 0.]
    >>> print(np.round(softmax([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], axis=0), 4))
    [[0.0474 0.5    0.7311]
     [0.9526 0.5    0.2689]]
    """
    e = _below_zero(x, axis)
    np.exp(e, out=e)
    e /= e.sum(axis=axis, keepdims=True)
    return e


def softmax_backward(
    dy: ArrayLike, x: ArrayLike, axis: int = -1, *, y: ArrayLike | None = None
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
        Gradient of the loss with respect to `softmax(x, axis)`.
    x : array of any shape but ()
    axis : int
        The axis along which the probabilities add up to 1.
    y : array shaped like x, optional
        `softmax(x, axis)`, where it is known already.

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
    >>> from nnref import softmax, softmax_backward
    >>> x, dy = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], [[1.0, 2.0, 4.0], [3.0, 0.0, 1.0]]
    >>> print(np.round(softmax_backward(dy[0], x[0]), 4))
    [-0.2017 -0.3036  0.5053]
    >>> print(np.round(softmax_backward(dy, x, axis=0, y=softmax(x, axis=0)), 4))
    [[-0.0904  0.5     0.5898]
     [ 0.0904 -0.5    -0.5898]]
    """
    x = as_float(x, "x")
    y = softmax(x, axis) if y is None else like(y, x, "y")
    dy = like(dy, x, "dy")
    mean: Array = (dy * y).sum(axis=axis, keepdims=True)
    return y * (dy - mean)


def log_softmax(x: ArrayLike, axis: int = -1) -> Array:
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
    >>> from nnref import log_softmax
    >>> print(np.round(log_softmax([0.0, 1.0, 2.0]), 4))
    [-2.4076 -1.4076 -0.4076]
    >>> print(log_softmax([1e4, 0.0, -1e4]))  # nothing overflows
    [     0. -10000. -20000.]
    >>> print(np.round(log_softmax([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], axis=0), 4))
    [[-3.0486 -0.6931 -0.3133]
     [-0.0486 -0.6931 -1.3133]]
    """
    shifted = _below_zero(x, axis)
    total: Array = np.exp(shifted).sum(axis=axis, keepdims=True)
    return shifted - np.log(total)


def log_softmax_backward(
    dy: ArrayLike, x: ArrayLike, axis: int = -1, *, y: ArrayLike | None = None
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
        Gradient of the loss with respect to `log_softmax(x, axis)`.
    x : array of any shape but ()
    axis : int
        The axis along which the probabilities add up to 1.
    y : array shaped like x, optional
        `log_softmax(x, axis)`, where it is known already.

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
    >>> from nnref import log_softmax, log_softmax_backward
    >>> x, dy = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]], [[1.0, 2.0, 4.0], [3.0, 0.0, 1.0]]
    >>> print(np.round(log_softmax_backward(dy[0], x[0]), 4))
    [ 0.3698  0.2869 -0.6567]
    >>> y = log_softmax(x, axis=0)
    >>> print(np.round(log_softmax_backward(dy, x, axis=0, y=y), 4))
    [[ 0.8103  1.      0.3447]
     [-0.8103 -1.     -0.3447]]
    """
    x = as_float(x, "x")
    y = log_softmax(x, axis) if y is None else like(y, x, "y")
    dy = like(dy, x, "dy")
    total: Array = dy.sum(axis=axis, keepdims=True)
    return dy - np.exp(y) * total

"""Activation functions, x -> y in one shape, and their gradients, dy -> dx."""

import math

import numpy as np

from nnref.plain.layer import Layer


def sigmoid(x):
    """y = 1 / (1 + exp(-x)), in [0, 1]; x of any shape."""
    return np.exp(-np.logaddexp(0, -x))  # the same, but exp cannot overflow


def sigmoid_backward(dy, x, *, y=None):
    """dx = dy y (1 - y), where y = sigmoid(x); dy shaped like x."""
    y = sigmoid(x) if y is None else y
    return dy * y * (1 - y)


def tanh(x):
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), in [-1, 1]; x of any shape."""
    return np.tanh(x)


def tanh_backward(dy, x, *, y=None):
    """dx = dy (1 - y^2), where y = tanh(x); dy shaped like x."""
    y = tanh(x) if y is None else y
    return dy * (1 - y**2)


def relu(x):
    """y = max(x, 0); x of any shape."""
    return np.maximum(x, 0)


def relu_backward(dy, x):
    """dx = dy where x > 0, else 0; dy shaped like x."""
    return dy * (x > 0)


def leaky_relu(x, *, negative_slope=0.01):
    """y = x where x > 0, else negative_slope x; x of any shape."""
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_backward(dy, x, *, negative_slope=0.01):
    """dx = dy where x > 0, else negative_slope dy; dy shaped like x."""
    return np.where(x > 0, dy, negative_slope * dy)


def elu(x, *, alpha=1.0):
    """y = x where x > 0, else alpha (exp(x) - 1); x of any shape."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(dy, x, *, alpha=1.0):
    """dx = dy where x > 0, else dy alpha exp(x); dy shaped like x."""
    return np.where(x > 0, dy, dy * alpha * np.exp(np.minimum(x, 0)))


def softplus(x):
    """y = ln(1 + exp(x)); x of any shape."""
    return np.logaddexp(0, x)  # ln(exp(0) + exp(x))


def softplus_backward(dy, x):
    """dx = dy sigmoid(x); dy shaped like x."""
    return dy * sigmoid(x)


def gelu(x):
    """y = x cdf(x), where cdf is that of the standard normal; x of any shape."""
    erfc = np.vectorize(math.erfc, otypes=[float])
    cdf = erfc(-x / math.sqrt(2)) / 2
    return x * cdf


def gelu_backward(dy, x):
    """dx = dy (cdf(x) + x pdf(x)) of the standard normal; dy shaped like x."""
    erfc = np.vectorize(math.erfc, otypes=[float])
    cdf = erfc(-x / math.sqrt(2)) / 2
    pdf = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return dy * (cdf + x * pdf)


def silu(x):
    """y = x sigmoid(x); x of any shape."""
    return x * sigmoid(x)


def silu_backward(dy, x):
    """dx = dy s (1 + x (1 - s)), where s = sigmoid(x); dy shaped like x."""
    s = sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def softmax(x, *, axis=-1):
    """p_k = exp(x_k) / sum_j exp(x_j) along an axis, such as that of (n, q)."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))  # at most 1: no overflow
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy, x, *, axis=-1, y=None):
    """dx_i = p_i (dy_i - sum_k dy_k p_k), where p = softmax(x); dy shaped like x."""
    p = softmax(x, axis=axis) if y is None else y
    return p * (dy - (dy * p).sum(axis=axis, keepdims=True))


def log_softmax(x, *, axis=-1):
    """y_k = x_k - ln sum_j exp(x_j) along an axis, such as that of (n, q)."""
    x = x - x.max(axis=axis, keepdims=True)  # at most 0: no overflow
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def log_softmax_backward(dy, x, *, axis=-1, y=None):
    """dx_i = dy_i - p_i sum_k dy_k, where p = softmax(x); dy shaped like x."""
    p = softmax(x, axis=axis) if y is None else np.exp(y)
    return dy - p * dy.sum(axis=axis, keepdims=True)


class Sigmoid(Layer):
    """y = sigmoid(x)."""

    def forward(self, x, training=False):
        self.x = x
        return sigmoid(x)

    def backward(self, dy):
        return sigmoid_backward(dy, self.x)


class Tanh(Layer):
    """y = tanh(x)."""

    def forward(self, x, training=False):
        self.x = x
        return tanh(x)

    def backward(self, dy):
        return tanh_backward(dy, self.x)


class ReLU(Layer):
    """y = relu(x)."""

    def forward(self, x, training=False):
        self.x = x
        return relu(x)

    def backward(self, dy):
        return relu_backward(dy, self.x)


class LeakyReLU(Layer):
    """y = leaky_relu(x)."""

    def __init__(self, *, negative_slope=0.01):
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x, training=False):
        self.x = x
        return leaky_relu(x, negative_slope=self.negative_slope)

    def backward(self, dy):
        return leaky_relu_backward(dy, self.x, negative_slope=self.negative_slope)


class ELU(Layer):
    """y = elu(x)."""

    def __init__(self, *, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x, training=False):
        self.x = x
        return elu(x, alpha=self.alpha)

    def backward(self, dy):
        return elu_backward(dy, self.x, alpha=self.alpha)


class Softplus(Layer):
    """y = softplus(x)."""

    def forward(self, x, training=False):
        self.x = x
        return softplus(x)

    def backward(self, dy):
        return softplus_backward(dy, self.x)


class GELU(Layer):
    """y = gelu(x)."""

    def forward(self, x, training=False):
        self.x = x
        return gelu(x)

    def backward(self, dy):
        return gelu_backward(dy, self.x)


class SiLU(Layer):
    """y = silu(x)."""

    def forward(self, x, training=False):
        self.x = x
        return silu(x)

    def backward(self, dy):
        return silu_backward(dy, self.x)


class Softmax(Layer):
    """y = softmax(x)."""

    def __init__(self, *, axis=-1):
        super().__init__()
        self.axis = axis

    def forward(self, x, training=False):
        self.x = x
        return softmax(x, axis=self.axis)

    def backward(self, dy):
        return softmax_backward(dy, self.x, axis=self.axis)


class LogSoftmax(Layer):
    """y = log_softmax(x)."""

    def __init__(self, *, axis=-1):
        super().__init__()
        self.axis = axis

    def forward(self, x, training=False):
        self.x = x
        return log_softmax(x, axis=self.axis)

    def backward(self, dy):
        return log_softmax_backward(dy, self.x, axis=self.axis)

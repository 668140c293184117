"""Pooling of images (n, channels, rows, columns): each window becomes one number."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnref.plain.layer import Layer


def max_pool2d(x, kernel_size, *, stride=None, padding=0):
    """y_ij = max_uv x_{s i + u - p, s j + v - p}, where padding is -infinity."""
    options = kernel_size, stride or kernel_size, padding
    (k1, k2), (s1, s2), (p1, p2) = (np.broadcast_to(a, 2) for a in options)
    x = np.pad(x, [(0, 0), (0, 0), (p1, p1), (p2, p2)], constant_values=-np.inf)
    windows = sliding_window_view(x, (k1, k2), axis=(2, 3))  # one at every pixel
    return windows[:, :, ::s1, ::s2].max(axis=(4, 5))  # (n, channels, i, j)


def max_pool2d_backward(dy, x, kernel_size, *, stride=None, padding=0, y=None):
    """dx_{s i + u - p, s j + v - p} += dy_ij for the first maximum u, v of a window."""
    options = kernel_size, stride or kernel_size, padding
    (k1, k2), (s1, s2), (p1, p2) = (np.broadcast_to(a, 2) for a in options)
    x = np.pad(x, [(0, 0), (0, 0), (p1, p1), (p2, p2)], constant_values=-np.inf)
    windows = sliding_window_view(x, (k1, k2), axis=(2, 3))[:, :, ::s1, ::s2]
    first = windows.reshape(*dy.shape, k1 * k2).argmax(axis=4)  # k2 * u + v
    dx, (i, j) = np.zeros_like(x), dy.shape[2:]
    for u, v in np.ndindex(k1, k2):
        seen = np.s_[:, :, u : u + s1 * i : s1, v : v + s2 * j : s2]
        dx[seen] += dy * (first == k2 * u + v)
    return dx[:, :, p1 : x.shape[2] - p1, p2 : x.shape[3] - p2]


def avg_pool2d(x, kernel_size, *, stride=None, padding=0, count_include_pad=True):
    """y_ij = sum_uv x_{s i + u - p, s j + v - p} / m_ij, of m_ij pixels in a window."""
    options = kernel_size, stride or kernel_size, padding
    (k1, k2), (s1, s2), (p1, p2) = (np.broadcast_to(a, 2) for a in options)
    pad = [(0, 0), (0, 0), (p1, p1), (p2, p2)]
    ones = np.pad(np.ones_like(x), pad, constant_values=count_include_pad)
    total, m = (
        sliding_window_view(a, (k1, k2), axis=(2, 3))[:, :, ::s1, ::s2].sum(axis=(4, 5))
        for a in (np.pad(x, pad), ones)
    )
    return total / m  # (n, channels, i, j)


def avg_pool2d_backward(
    dy, x, kernel_size, *, stride=None, padding=0, count_include_pad=True
):
    """dx_{s i + u - p, s j + v - p} += dy_ij / m_ij for every u, v of a window."""
    options = kernel_size, stride or kernel_size, padding
    (k1, k2), (s1, s2), (p1, p2) = (np.broadcast_to(a, 2) for a in options)
    pad = [(0, 0), (0, 0), (p1, p1), (p2, p2)]
    ones = np.pad(np.ones_like(x), pad, constant_values=count_include_pad)
    windows = sliding_window_view(ones, (k1, k2), axis=(2, 3))[:, :, ::s1, ::s2]
    share = dy / windows.sum(axis=(4, 5))
    dx, (i, j) = np.zeros_like(ones), dy.shape[2:]
    for u, v in np.ndindex(k1, k2):
        dx[:, :, u : u + s1 * i : s1, v : v + s2 * j : s2] += share
    return dx[:, :, p1 : dx.shape[2] - p1, p2 : dx.shape[3] - p2]


def global_avg_pool2d(x):
    """y_nc = sum_ae x_ncae / (rows columns): x (n, c, rows, columns) to y (n, c)."""
    return x.mean(axis=(2, 3))


def global_avg_pool2d_backward(dy, x):
    """dx_ncae = dy_nc / (rows columns); dy (n, c), dx shaped like x."""
    return np.ones_like(x) * dy[:, :, None, None] / (x.shape[2] * x.shape[3])


def global_max_pool2d(x):
    """y_nc = max_ae x_ncae: x (n, c, rows, columns) to y (n, c)."""
    return x.max(axis=(2, 3))


def global_max_pool2d_backward(dy, x):
    """dx_ncae = dy_nc for the first maximum a, e; dy (n, c), dx shaped like x."""
    n, c, rows, columns = x.shape
    first = x.reshape(n, c, rows * columns).argmax(axis=2)  # columns * a + e
    is_first = np.arange(rows * columns) == first[:, :, None]
    return (dy[:, :, None] * is_first).reshape(x.shape)


class MaxPool2D(Layer):
    """y = max_pool2d(x, kernel_size)."""

    def __init__(self, kernel_size, *, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x, training=False):
        self.x = x
        return max_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)

    def backward(self, dy):
        return max_pool2d_backward(
            dy, self.x, self.kernel_size, stride=self.stride, padding=self.padding
        )


class AvgPool2D(Layer):
    """y = avg_pool2d(x, kernel_size)."""

    def __init__(self, kernel_size, *, stride=None, padding=0, count_include_pad=True):
        super().__init__()
        self.kernel_size = kernel_size
        self.options = {"stride": stride, "padding": padding}
        self.options["count_include_pad"] = count_include_pad

    def forward(self, x, training=False):
        self.x = x
        return avg_pool2d(x, self.kernel_size, **self.options)

    def backward(self, dy):
        return avg_pool2d_backward(dy, self.x, self.kernel_size, **self.options)


class GlobalAvgPool2D(Layer):
    """y = global_avg_pool2d(x)."""

    def forward(self, x, training=False):
        self.x = x
        return global_avg_pool2d(x)

    def backward(self, dy):
        return global_avg_pool2d_backward(dy, self.x)


class GlobalMaxPool2D(Layer):
    """y = global_max_pool2d(x)."""

    def forward(self, x, training=False):
        self.x = x
        return global_max_pool2d(x)

    def backward(self, dy):
        return global_max_pool2d_backward(dy, self.x)

"""Convolution of images (n, channels, rows, columns), and its arithmetic."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnref.plain.initialization import he_normal
from nnref.plain.layer import Layer


def conv_output_size(size, kernel_size, *, stride=1, padding=0, dilation=1):
    """n_out = floor((n + 2 p - d (k - 1) - 1) / s) + 1, along one axis."""
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def receptive_field(layers):
    """r = 1 + sum_l d_l (k_l - 1) prod_{i<l} s_i for a list of layers (k, s, d)."""
    field, step = 1, 1
    for layer in layers:
        k, s, d = (*layer, 1, 1)[:3]  # s and d are 1 where left out
        field += d * (k - 1) * step
        step *= s
    return field


def conv2d(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """z_noij = b_o + sum_cuv w_ocuv x_{n, c, s i + d u - p, s j + d v - p}."""
    options = stride, padding, dilation
    (s1, s2), (p1, p2), (d1, d2) = (np.broadcast_to(a, 2) for a in options)
    k1, k2 = w.shape[2:]  # w (out, in, k1, k2) for x (n, groups * in, rows, columns)
    x = np.pad(x, [(0, 0), (0, 0), (p1, p1), (p2, p2)])
    spans = d1 * (k1 - 1) + 1, d2 * (k2 - 1) + 1
    windows = sliding_window_view(x, spans, axis=(2, 3))  # one at each pixel
    windows = windows[:, :, ::s1, ::s2, ::d1, ::d2]  # (n, groups * in, i, j, k1, k2)
    parts = zip(np.split(windows, groups, axis=1), np.split(w, groups), strict=True)
    z = [np.einsum("ncijuv,ocuv->noij", *part, optimize=True) for part in parts]
    z = np.concatenate(z, axis=1)
    return z if b is None else z + b[:, None, None]


def conv2d_backward(
    dy, x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1, input_gradient=True
):
    """Each product w_ocuv x_ncae in z_noij gives dw_ocuv += dy x, dx_ncae += dy w."""
    options = stride, padding, dilation
    (s1, s2), (p1, p2), (d1, d2) = (np.broadcast_to(a, 2) for a in options)
    x = np.pad(x, [(0, 0), (0, 0), (p1, p1), (p2, p2)])
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    (o, c, k1, k2), (i, j) = w.shape, dy.shape[2:]
    for g, u, v in np.ndindex(groups, k1, k2):
        out = slice(g * o // groups, (g + 1) * o // groups)  # of group g
        rows = slice(d1 * u, d1 * u + s1 * i, s1)
        columns = slice(d2 * v, d2 * v + s2 * j, s2)
        read = np.s_[:, g * c : (g + 1) * c, rows, columns]  # by its weights u, v
        dz, w_uv = dy[:, out], w[out, :, u, v]
        dw[out, :, u, v] = np.einsum("noij,ncij->oc", dz, x[read], optimize=True)
        dx[read] += np.einsum("noij,oc->ncij", dz, w_uv, optimize=True)
    dx = dx[:, :, p1 : x.shape[2] - p1, p2 : x.shape[3] - p2]
    db = None if b is None else dy.sum(axis=(0, 2, 3))
    return dx if input_gradient else None, dw, db


class Conv2D(Layer):
    """x (n, c_in, rows, columns) to z = conv2d(x, w, b); learns w and b."""

    def __init__(
        self,
        c_in,
        c_out,
        kernel_size,
        rng,
        *,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        init=he_normal,
        bias=True,
        dtype=np.float64,
    ):
        shape = c_out // groups, c_in // groups, *np.broadcast_to(kernel_size, 2)
        w = np.concatenate([init(shape, rng) for _ in range(groups)])
        params = {"w": w.astype(dtype)}
        if bias:
            params["b"] = np.zeros(c_out, dtype)
        super().__init__(**params)
        self.options = {"stride": stride, "padding": padding}
        self.options |= {"dilation": dilation, "groups": groups}

    def forward(self, x, training=False):
        self.x = x
        return conv2d(x, **self.params, **self.options)

    def backward(self, dy):
        dx, dw, db = conv2d_backward(dy, self.x, **self.params, **self.options)
        self.grads = {"w": dw, "b": db} if "b" in self.params else {"w": dw}
        return dx

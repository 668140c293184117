"""The dense layer, also called fully connected."""

import numpy as np

from nnref.plain.initialization import he_normal
from nnref.plain.layer import Layer


def dense(x, w, b=None):
    """z = x w + b: x (n, d_in), w (d_in, d_out), b (d_out,) give z (n, d_out)."""
    return x @ w if b is None else x @ w + b


def dense_backward(dy, x, w, b=None, *, input_gradient=True):
    """dx = dy w^T, dw = x^T dy, db = sum_i dy_i; dy (n, d_out)."""
    dx = dy @ w.T if input_gradient else None  # (n, d_in)
    dw = x.T @ dy  # (d_in, d_out)
    db = None if b is None else dy.sum(axis=0)  # (d_out,)
    return dx, dw, db


class Dense(Layer):
    """x (n, d_in) to z (n, d_out) = x w + b; learns w and b."""

    def __init__(
        self, d_in, d_out, rng, *, init=he_normal, bias=True, dtype=np.float64
    ):
        params = {"w": init((d_in, d_out), rng).astype(dtype)}
        if bias:
            params["b"] = np.zeros(d_out, dtype)
        super().__init__(**params)

    def forward(self, x, training=False):
        self.x = x
        return dense(x, **self.params)

    def backward(self, dy):
        dx, dw, db = dense_backward(dy, self.x, **self.params)
        self.grads = {"w": dw, "b": db} if "b" in self.params else {"w": dw}
        return dx

"""Penalties on weights w of any shape, the soft threshold, and dropout."""

import numpy as np

from nnref.plain.layer import Layer


def l1_penalty(w, lam):
    """R = lam sum_i |w_i|."""
    return lam * np.abs(w).sum()


def l1_penalty_backward(dy, w, lam):
    """dw = dy lam sign(w); dy is one number."""
    return dy * lam * np.sign(w)


def l2_penalty(w, lam):
    """R = lam / 2 sum_i w_i^2."""
    return lam / 2 * (w**2).sum()


def l2_penalty_backward(dy, w, lam):
    """dw = dy lam w; dy is one number."""
    return dy * lam * w


def elastic_net_penalty(w, lam1, lam2):
    """R = lam1 sum_i |w_i| + lam2 / 2 sum_i w_i^2."""
    return lam1 * np.abs(w).sum() + lam2 / 2 * (w**2).sum()


def elastic_net_penalty_backward(dy, w, lam1, lam2):
    """dw = dy (lam1 sign(w) + lam2 w); dy is one number."""
    return dy * (lam1 * np.sign(w) + lam2 * w)


def soft_threshold(w, t):
    """v = sign(w) max(|w| - t, 0)."""
    return np.sign(w) * np.maximum(np.abs(w) - t, 0)


def soft_threshold_backward(dy, w, t):
    """dw = dy where |w| > t, else 0; dy shaped like w."""
    return dy * (np.abs(w) > t)


def dropout(x, p, rng, *, mask=None):
    """y = mask x / (1 - p); the mask is 0 with probability p, else 1; any shape."""
    mask = rng.random(x.shape) >= p if mask is None else mask
    return mask * x / (1 - p)


def dropout_backward(dy, x, p, rng, *, mask=None):
    """dx = mask dy / (1 - p), with the mask of the forward pass; dy shaped like x."""
    return mask * dy / (1 - p)


class Dropout(Layer):
    """y = dropout(x, p, rng) in training, else x."""

    def __init__(self, p, rng):
        super().__init__()
        self.p, self.rng = p, rng

    def forward(self, x, training=False):
        self.x, self.mask = x, None
        if not training:
            return x
        self.mask = self.rng.random(x.shape) >= self.p
        return dropout(x, self.p, None, mask=self.mask)

    def backward(self, dy):
        if self.mask is None:
            return dy
        return dropout_backward(dy, self.x, self.p, None, mask=self.mask)

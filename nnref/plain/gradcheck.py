"""Checks of gradients by differences (f(x + h) - f(x - h)) / 2h, in float64."""

import numpy as np


def numerical_gradient(f, x):
    """dx_i = (f(x + h_i e_i) - f(x - h_i e_i)) / 2 h_i, where f(x) is one number."""
    dx = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        h = 2 ** (-52 / 3) * max(1, abs(x[i]))
        above[i] += h
        below[i] -= h
        dx[i] = (f(above) - f(below)) / (above[i] - below[i])
    return dx


def check_gradient(f, f_backward, *args, wrt=None, rng=None, tol=1e-7, **kwargs):
    """Error of sum(dx h) relative to sum(dy (f(x + h) - f(x - h))) / 2, h random."""
    rng = np.random.default_rng(0) if rng is None else rng
    dy = rng.normal(size=np.shape(f(*args, **kwargs)))
    grads = f_backward(dy, *args, **kwargs)
    grads = grads if isinstance(grads, tuple) else (grads,)
    if wrt is None:
        floats = [isinstance(a, np.ndarray) and a.dtype == float for a in args]
        wrt = np.flatnonzero(floats)
    worst = 0.0
    for i, dx in zip(wrt, grads, strict=True):
        before, x, after = args[:i], args[i], args[i + 1 :]
        h = 2 ** (-52 / 3) * np.maximum(1, np.abs(x)) * rng.normal(size=x.shape)
        above, below = (f(*before, a, *after, **kwargs) for a in (x + h, x - h))
        rise = np.sum(dy * (above - below) / 2)
        scale = max(np.linalg.norm(dx * h), abs(rise))
        worst = max(worst, abs(np.sum(dx * h) - rise) / scale)
    assert worst <= tol, f"a gradient is off by {worst:.1g}"
    return worst

"""Gradient clipping: grads are arrays by name, and so is what is returned."""

import numpy as np


def gradient_norm(grads):
    """|g| = sqrt(sum_i g_i^2) over the elements of all arrays."""
    squares = [np.square(g, dtype=float) for g in grads.values()]  # no overflow
    return float(np.sqrt(sum(s.sum() for s in squares)))


def clip_by_value(grads, limit):
    """g_i becomes min(max(g_i, -limit), limit)."""
    return {name: np.clip(g, -limit, limit) for name, g in grads.items()}


def clip_by_norm(grads, max_norm):
    """g becomes g min(1, max_norm / |g|), with |g| the norm of all arrays together."""
    scale = max_norm / max(gradient_norm(grads), max_norm)
    return {name: g * scale for name, g in grads.items()}
